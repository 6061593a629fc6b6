"""A world of labels: Beta rates, correlated over pages, messages that succeed when they sell, tiers without a quota."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from policies.registry import build
from sim.errors import ScenarioError
from sim.scenario import load
from sim.scenario.sections.traffic_loop import LABELS
from sim.worlds.traffic.bank.draw_bank import Z_MOST, interpolate
from sim.worlds.traffic.feedback.update_job import current_median
from sim.worlds.traffic.pages import log_quantiles
from sim.worlds.traffic.parameters import kernel_parameters
from sim.worlds.traffic.world import TrafficWorld

NO_POOL = (0, math.inf)


def scenario(policy: Any = "uniform", **changes: Any) -> Any:
    bank = {"captions": 3_000, "shared": True, "correlation": changes.pop("correlation", 0.5)}
    bank["tiers"] = {"budget": 1e-9, "mid": 1e-9, "premium": 1, "bump": 1e-9}
    world = {"kind": "traffic", "pages": 2, "audience": {"fixed": 1}, "bank": bank}
    world |= {"views": {"priced": {"mean": 1, "cv": 0}}, "purchases": {"beta": [1.2, 6], "message_cv": 0}}
    content = {"name": "x", "horizon": {"days": 2}, "world": world, "policies": [policy]}
    content |= {"feedback": {"label": "sold", "label_after_hours": 0}}
    content |= {"selection": {"scaled": False, "quotas": {"budget": 0, "mid": 0, "premium": 5, "bump": 0}}}
    return load(content | changes)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_rates_are_beta_and_as_correlated_over_pages_as_asked(correlation: float) -> None:
    """False-alarm rate below 1e-4 with this seed; another Beta is rejected."""
    made = scenario(correlation=correlation)
    entries = TrafficWorld(made, made.policies[0], range(1))._block.bank.entries
    rates = np.exp(entries["log_rate"][:, 2:-1])  # two tiers have one caption each, and the unpriced one
    assert stats.kstest(rates[0], stats.beta(1.2, 6.0).cdf).pvalue > 1e-4
    assert stats.kstest(rates[0], stats.beta(1.4, 6.0).cdf).pvalue < 1e-4
    scores = special.ndtri(stats.beta(1.2, 6.0).cdf(rates))
    assert np.corrcoef(scores)[0, 1] == pytest.approx(correlation, abs=0.08)


@pytest.mark.parametrize("beta", [(2.0, 4.0), (1.2, 6.0), (0.5, 0.5), (30.0, 5.0)])
def test_quantiles_are_interpolated_closely(beta: tuple[float, float]) -> None:
    table = log_quantiles(beta)
    for z in np.linspace(-4.0, 4.0, 801) + 0.00123:
        exact = np.log(special.betaincinv(*beta, special.ndtr(z)))
        assert interpolate(float(z), table) == pytest.approx(exact, abs=1e-5)
    assert interpolate(-99.0, table) == table[0] == interpolate(-Z_MOST, table)
    assert interpolate(99.0, table) == pytest.approx(table[-1])


def test_without_a_beta_there_is_no_table() -> None:
    assert log_quantiles(None).shape == (0,)


def test_whatever_sells_is_a_success_where_labels_say_so() -> None:
    row: Any = SimpleNamespace(rules=SimpleNamespace(label=LABELS.index("sold")))
    assert current_median(row) == 0.0
    made = scenario()
    rules = kernel_parameters(made.world, made.feedback, made.selection, build("uniform"), NO_POOL)
    assert rules["label"][0] == LABELS.index("sold")
    usual = scenario(feedback={})
    assert kernel_parameters(usual.world, usual.feedback, usual.selection, build("uniform"), NO_POOL)["label"][0] == 0


@pytest.mark.parametrize(("seasons", "known"), [("known", 1), ("ignored", 0)])
def test_views_count_by_the_season_where_the_policy_knows_it(seasons: str, known: int) -> None:
    made = scenario()
    policy = build("gamma_poisson", {"seasons": seasons})
    assert kernel_parameters(made.world, made.feedback, made.selection, policy, NO_POOL)["seasons_known"][0] == known


def test_a_page_sends_captions_of_some_priced_tier() -> None:
    none = {"scaled": False, "quotas": {"budget": 0, "mid": 0, "premium": 0, "bump": 3}}
    with pytest.raises(ScenarioError, match="at least one priced tier"):
        scenario(selection=none)
