"""Figures: the same rows give the same bytes; names stay apart; hostile text stays text."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.curves import Curve
from reports.figures import regret_curves, regret_ranges, spread


def curve(policy: str, final: float) -> Curve:
    at = np.array([1.0, 10.0, 100.0])
    mean = final * at / 100
    return Curve(policy, at, mean, mean * 0.9, mean * 1.1)


def summary_row(policy: str, mean: float) -> dict[str, object]:
    levels = {"q05": 0.5, "q25": 0.8, "q50": 1.0, "q75": 1.2, "q95": 1.5}
    return {"policy": policy, "mean_regret": mean, **{key: factor * mean for key, factor in levels.items()}}


@pytest.mark.parametrize("finals", [[1.0, 2.0], [0.0, 1.0, 5_000.0], [0.0]])
def test_figures_are_byte_identical_and_carry_no_date(finals: list[float]) -> None:
    curves = [curve(f"policy_{i}", final) for i, final in enumerate(finals)]
    rows = [summary_row(f"policy_{i}", final) for i, final in enumerate(finals)]
    names = [each.policy for each in curves]
    for draw in (
        lambda: regret_curves(curves, time_unit="pulls", regret_unit="successes"),
        lambda: regret_ranges(rows, names, regret_unit="successes"),
    ):
        first = draw()
        assert first == draw()
        assert first.startswith("<svg")
        assert not re.search(r"\b20\d\d-\d\d-\d\d", first)


def test_two_figures_of_one_page_share_no_identifier() -> None:
    curves = regret_curves([curve("a", 1.0)], time_unit="pulls", regret_unit="x")
    ranges = regret_ranges([summary_row("a", 1.0)], ["a"], regret_unit="x")
    clips = [set(re.findall(r'<clipPath id="([^"]+)"', text)) for text in (curves, ranges)]
    assert clips[0]
    assert clips[0].isdisjoint(clips[1])


def test_every_curve_of_two_dozen_is_named() -> None:
    names = [f"policy_{i:02d}" for i in range(24)]
    svg = regret_curves([curve(name, 1.0 + i / 50) for i, name in enumerate(names)], time_unit="days", regret_unit="x")
    assert all(name in svg for name in names)


def test_names_are_escaped() -> None:
    assert "<script>" not in regret_curves([curve("<script>", 1.0)], time_unit="days", regret_unit="x")


positions = st.lists(st.floats(0, 100), min_size=1, max_size=20)


@given(positions, st.floats(0.1, 10))
def test_spread_keeps_order_gaps_and_bounds(wanted: list[float], gap: float) -> None:
    placed = spread(wanted, gap, 0.0, 100.0)
    fitting = min(gap, 100.0 / max(1, len(wanted) - 1))
    ordered = sorted(placed)
    assert all(b - a >= fitting - 1e-9 for a, b in itertools.pairwise(ordered))
    assert ordered[0] >= -1e-9
    assert ordered[-1] <= 100.0 + 1e-9
    assert all(
        p <= q for (w, p) in zip(wanted, placed, strict=True) for (v, q) in zip(wanted, placed, strict=True) if w < v
    )


def test_positions_far_apart_do_not_move() -> None:
    assert spread([80.0, 10.0, 50.0], 5.0, 0.0, 100.0) == pytest.approx([80.0, 10.0, 50.0])
