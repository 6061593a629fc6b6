"""Who gains over `wilson_sample` in a population of large pages, against figures measured on 10,000 of them.

The published figures are those of quickstart's pages under the defaults before the refit: dollars per page and month,
with standard errors, medians, and shares of pages that gain. This sample has 400 pages of `scripts/page_population.py`;
each test allows 4.5 standard errors of the difference, so that a false alarm has a probability below 1e-5.
"""

import math
import runpy
from pathlib import Path

import numpy as np
import pytest

import sim

pytestmark = pytest.mark.long

SCRIPT = runpy.run_path(str(Path(__file__).resolve().parents[2] / "scripts" / "page_population.py"))
PAGES = 400
# policy: mean gain, its standard error, share of pages that gain
PUBLISHED = {"greedy": (94.9, 8.8, 0.388), "epsilon_greedy": (116.3, 8.9, 0.440), "uniform": (-4.5, 6.9, None)}
ROTATION_OVER_GREEDY = (79.5, 22.2)
ERRORS = 4.5


@pytest.fixture(scope="module")
def run() -> sim.Run:
    return sim.simulate(SCRIPT["scenario"](PAGES, "before"))


@pytest.fixture(scope="module")
def refitted() -> sim.Run:
    return sim.simulate(SCRIPT["scenario"](PAGES))


def gains(run: sim.Run, policy: str, other: str = "wilson_sample") -> np.ndarray:
    """Dollars per page and month, (pages of all replications,)."""
    own, base = (SCRIPT["monthly"](run.pages, name) for name in (policy, other))
    return own - base


def error(values: np.ndarray, published: float) -> float:
    """Standard error of the difference between a mean of this sample and a published one."""
    return math.hypot(values.std(ddof=1) / math.sqrt(len(values)), published)


@pytest.mark.parametrize("policy", PUBLISHED)
def test_mean_gains_are_those_of_ten_thousand_pages(run: sim.Run, policy: str) -> None:
    mean, standard_error, _ = PUBLISHED[policy]
    found = gains(run, policy)
    assert abs(found.mean() - mean) < ERRORS * error(found, standard_error)


@pytest.mark.parametrize("policy", ["greedy", "epsilon_greedy"])
def test_few_pages_gain_and_the_median_page_loses(run: sim.Run, policy: str) -> None:
    share = PUBLISHED[policy][2]
    assert share is not None
    found = gains(run, policy)
    assert abs((found > 0.0).mean() - share) < ERRORS * math.sqrt(share * (1.0 - share) / len(found))
    assert np.median(found) < 0.0 < found.mean()


def test_the_gain_of_greedy_comes_from_few_pages(run: sim.Run) -> None:
    found = np.sort(gains(run, "greedy"))[::-1]
    assert found[: len(found) // 20].sum() > 0.5 * found.sum()


def test_least_used_first_earns_more_than_greedy(run: sim.Run) -> None:
    mean, standard_error = ROTATION_OVER_GREEDY
    found = gains(run, "round_robin", "greedy")
    assert abs(found.mean() - mean) < ERRORS * error(found, standard_error)
    assert found.mean() > 0.0


@pytest.mark.parametrize("defaults", ["run", "refitted"])
def test_the_decision_does_not_name_greedy(defaults: str, request: pytest.FixtureRequest) -> None:
    decision = request.getfixturevalue(defaults).decision
    assert decision.policy != "greedy"
    assert decision.rival is not None
    assert decision.rival.policy != "greedy"


def test_pages_that_sell_alike_reverse_the_order() -> None:
    """With a `page_sigma` of 0 all policies lose against the deployed rule, greedy most; four standard errors."""
    alike = sim.simulate(SCRIPT["scenario"](PAGES, "before", 0.0))
    for policy in ("greedy", "epsilon_greedy", "uniform"):
        found = gains(alike, policy)
        assert found.mean() < -4.0 * found.std(ddof=1) / math.sqrt(len(found))
    assert gains(alike, "greedy", "uniform").mean() < 0.0
    assert alike.decision.policy != "greedy"
