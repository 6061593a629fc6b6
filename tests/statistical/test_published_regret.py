"""Policies for many arms against regret that others have published: four standard errors, fixed seeds.

Infinite-armed problem with a uniform prior: regret is T minus the reward; the lower bound is sqrt(2 T). Here K arms
stand for infinitely many: more than any policy tries.
"""

import math
from typing import Any

import numpy as np
import pytest

import sim

pytestmark = pytest.mark.long
ERRORS = 4.0  # a false alarm in 6e-5


def losses(policy: dict[str, Any], arms: int, pulls: int, replications: int, column: str = "reward") -> Any:
    """T minus the reward, or the regret, of each replication."""
    scenario = {
        "version": 1,
        "name": "published",
        "seed": 5,
        "replications": replications,
        "horizon": {"pulls": pulls},
        "world": {"kind": "bernoulli", "arms": arms, "prior": {"beta": [1, 1]}},
        "policies": [policy],
        "record": {"stats": "none"},
    }
    found = sim.simulate(scenario).replications[column].to_numpy()
    return pulls - found if column == "reward" else found


def gap(values: Any, published: float) -> float:
    """Distance from a published mean, in standard errors."""
    return float(abs(values.mean() - published) / (values.std(ddof=1) / math.sqrt(len(values))))


@pytest.mark.parametrize(("pulls", "arms", "published"), [(100, 100, 14.6), (1_000, 400, 51.5), (10_000, 1_500, 162.0)])
def test_cbt_with_the_optimal_target(pulls: int, arms: int, published: float) -> None:
    """Chan and Hu 2018, table of the uniform prior: 14.6 ± .1, 51.5 ± .3, 162 ± 1."""
    policy = {"kind": "cbt", "horizon": pulls, "target": math.sqrt(2.0 / pulls)}
    values = losses(policy, arms, pulls, 300 if pulls < 5_000 else 60)
    assert gap(values, published) < ERRORS
    assert values.mean() > math.sqrt(2.0 * pulls) - ERRORS * values.std() / math.sqrt(len(values))


@pytest.mark.parametrize(("pulls", "arms", "published"), [(100, 100, 15.6), (1_000, 400, 54.0)])
def test_cbt_with_the_empirical_target(pulls: int, arms: int, published: float) -> None:
    assert gap(losses({"kind": "cbt", "horizon": pulls}, arms, pulls, 300), published) < ERRORS


def test_a_wrong_target_is_told_from_the_published_one() -> None:
    assert gap(losses({"kind": "cbt", "horizon": 1_000, "target": 0.2}, 400, 1_000, 300), 51.5) > 2 * ERRORS


def test_subsampled_greedy_does_not_depend_on_the_number_of_arms() -> None:
    """Bayati et al. 2020, T = 20,000, pool sqrt(T): about 300 at K = 1,000 and 3,000; greedy 977 at K = 1,000."""
    pool = {"kind": "subsampled_greedy", "pool": 141}
    few, many = (losses(pool, arms, 20_000, 40, "regret") for arms in (1_000, 3_000))
    error = np.hypot(few.std(ddof=1), many.std(ddof=1)) / math.sqrt(40)
    assert abs(few.mean() - many.mean()) < ERRORS * error
    assert 220 < few.mean() < 380
    assert 850 < losses({"kind": "greedy"}, 1_000, 20_000, 40, "regret").mean() < 1_100
