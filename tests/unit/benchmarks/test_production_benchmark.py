"""The benchmark of the deployed loop: what it compares, and how it judges."""

import argparse

import pytest

from benchmarks.production import FORMS, Spent, scenario_of, table


def spent(rates: dict[str, float]) -> dict[str, list[Spent]]:
    """Three rounds of 1,000 messages, the median at the given rates."""
    return {name: [Spent(1_000, 1_000 / rate * factor) for factor in (1.0, 0.5, 3.0)] for name, rate in rates.items()}


def test_a_ratio_is_of_median_rates() -> None:
    lines, missed = table(spent(dict(zip(FORMS, (100_000.0, 60_000.0, 30_000.0, 10.0), strict=True))))
    assert missed == []
    assert [line.split("|")[4].strip() for line in lines[2:]] == ["1.00", "0.60", "0.30", "0.00"]
    assert lines[2].split("|")[3].strip() == "10.0"


@pytest.mark.parametrize(("plain", "composite", "missed"), [(49, 25, ["plain selection"]), (50, 24, ["composite"])])
def test_a_rate_below_its_bar_is_named(plain: float, composite: float, missed: list[str]) -> None:
    _, found = table(spent(dict(zip(FORMS, (100.0, plain, composite, 1.0), strict=True))))
    assert [name.split(" sel")[0] for name in found] == [name.split(" sel")[0] for name in missed]


def test_the_forms_differ_in_the_loop_alone() -> None:
    options = argparse.Namespace(policy="greedy", rounds=2, overrides=["horizon.days=7", "world.pages=2"])
    made = {name: scenario_of(overrides, options) for name, (overrides, _) in FORMS.items()}
    simple, plain, composite, locked = made.values()
    assert (simple.feedback.counting, plain.feedback.counting) == ("once", "every_refresh")
    assert simple.selection == plain.selection
    assert [one.selection.score for one in made.values()] == ["plain", "plain", "composite", "composite"]
    assert (composite.selection.agency_lock, locked.selection.agency_lock) == ("none", "abort")
    assert {one.world.bank.captions for one in made.values()} == {locked.world.bank.captions}
    assert {(one.horizon.days, one.replications, one.policies[0].name) for one in made.values()} == {(7.0, 3, "greedy")}
