"""The planning oracle: the oracle's truth, less what a rest would gain."""

import math

import pytest

from policies.oracle import Oracle
from policies.planning_oracle import PlanningOracle
from reports.scenario_facts import default_baseline, oracles
from sim.scenario import load


def score(fresh: float, left: float, **keys: float) -> float:
    """The score of a caption by its fresh value and what its sends have left of it."""
    policy = PlanningOracle(**keys)  # type: ignore[arg-type]
    a, b = policy.rule.summarise(3.0, 1.0, 1.0, fresh * left, policy.parameters())
    return policy.rule.recover(a, b, 2.0, left, policy.parameters())[0]


@pytest.mark.parametrize("left", [1.0, 0.7, 0.2])
def test_wear_counts_once_more_for_each_unit_of_patience(left: float) -> None:
    for patience in (0.0, 0.5, 2.0):
        expected = 0.3 * (1.0 - (1.0 + patience) * (1.0 - left))
        assert score(0.3, left, patience=patience) == pytest.approx(expected)


def test_patience_lets_a_good_worn_caption_wait() -> None:
    worn, fresh = (0.5, 0.8), (0.38, 1.0)
    assert score(*worn, patience=0.0) > score(*fresh, patience=0.0)
    assert score(*worn, patience=1.0) < score(*fresh, patience=1.0)


def test_it_is_an_oracle_of_the_same_truth() -> None:
    policy = PlanningOracle(by="revenue", drop=0.3, half_life=7.0)
    assert policy.true_mean_of == Oracle(by="revenue").true_mean_of == "revenue"
    assert policy.fatigue_assumed == (0.3, 7.0)
    with pytest.raises(ValueError, match="patience"):
        PlanningOracle(patience=-0.1)
    with pytest.raises(ValueError, match="drop"):
        PlanningOracle(drop=1.0)
    assert math.isfinite(score(0.3, 0.01, patience=100.0))


def test_reports_take_it_for_an_oracle() -> None:
    scenario = load(
        {
            "name": "plan",
            "horizon": {"days": 3},
            "world": {"kind": "traffic"},
            "policies": ["planning_oracle", "oracle", "uniform"],
        }
    )
    assert oracles(scenario) == {"planning_oracle", "oracle"}
    assert default_baseline(scenario) == "uniform"
