"""Luck of a replication's start, against the draws of the kernel, and the strata made of it."""

import numpy as np
import pytest

from policies.maths.draws import arm_key, pull_key, uniform
from policies.maths.wilson import wilson_bounds
from sim.errors import ScenarioError
from sim.rng import row_keys
from sim.scenario import load
from sim.worlds.bernoulli import luck
from sim.worlds.bernoulli.luck import ALLOCATION, FIRST_CANDIDATE, RARE, find_unlucky, luck_of

SCENARIO = {
    "name": "two",
    "horizon": {"pulls": 50},
    "world": {"kind": "bernoulli", "means": [0.4, 0.7], "unlucky": 40},
    "policies": ["wilson_sample"],
}


def scenario(**world: object):
    merged = {**SCENARIO["world"], **world}
    return load({**SCENARIO, "world": {key: value for key, value in merged.items() if value is not None}})


def test_the_luck_is_that_of_the_outcomes_that_the_kernel_draws() -> None:
    found = luck_of(scenario(), range(5))
    with np.errstate(over="ignore"):
        for key, value in zip(row_keys(1, "outcome", range(5))[:, 0], found, strict=True):
            outcomes = [uniform(pull_key(arm_key(key, 1), pull)) < 0.7 for pull in range(luck.OUTCOMES)]
            successes = np.cumsum(outcomes)
            failures = np.arange(1, luck.OUTCOMES + 1) - successes
            assert value == pytest.approx(wilson_bounds(successes + 1.0, failures + 1.0)[1].min(), abs=2e-9)


def test_strata_have_the_probabilities_that_they_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(luck, "CANDIDATES", 20_000)
    (found,) = find_unlucky(scenario(), 100)
    assert found.probability == pytest.approx(np.diff([0.0, *RARE, 1.0]))
    assert len(set(found.numbers)) == len(found.numbers)
    assert min(found.numbers) >= FIRST_CANDIDATE
    assert found.numbers == sorted(found.numbers)
    assert np.bincount(found.strata).tolist() == [round(100 * share) for share in ALLOCATION]
    again = found.strata_of(luck_of(scenario(), found.numbers))
    assert (again == found.strata).all()
    shares = np.bincount(found.strata_of(luck_of(scenario(), range(20_000))), minlength=7) / 20_000
    # Both limits and shares are of 20,000: four and a half standard errors of their difference, 1e-5 for each.
    assert (np.abs(shares - found.probability) <= 4.5 * np.sqrt(2 * found.probability / 20_000)).all()


def test_each_rare_stratum_has_two_replications_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(luck, "CANDIDATES", 5_000)
    assert np.bincount(find_unlucky(scenario(), 20)[0].strata).min() == 2


@pytest.mark.parametrize(
    ("world", "expected"),
    [
        ({}, True),
        ({"changes": [{"at": 10, "means": [0.5, 0.6]}]}, False),
        ({"means": None, "prior": {"beta": [1, 1]}, "arms": 3}, False),
        ({"rows": 3}, False),
    ],
)
def test_only_rates_that_never_change_have_luck(world: dict[str, object], expected: bool) -> None:
    assert scenario(**{**world, "unlucky": None}).world.can_be_unlucky is expected
    if not expected:
        with pytest.raises(ScenarioError, match="unlucky"):
            scenario(**world)
