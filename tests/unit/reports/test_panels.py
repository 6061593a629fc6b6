"""Panels, bins and bands of figures: what is drawn where."""

from types import SimpleNamespace

import numpy as np
import pytest

from reports.estimators.intervals import Estimate
from reports.figures.by_bin import Binned, by_bin
from reports.figures.differences import differences
from reports.figures.over_time import Axis, Marks, over_time
from reports.figures.panels import COLUMNS, Layers, Shares, heat_maps, panels, stacked
from reports.figures.predictive import WIDEST, predictive
from reports.figures.regret import regret_ranges
from reports.figures.style import COLOURS
from reports.tables.curves import Curve

PLACES = {"a": 0, "b": 1, "c": 2, "d": 3}


@pytest.mark.parametrize(("count", "rows"), [(1, 1), (3, 1), (4, 2), (7, 3)])
def test_panels_stand_in_rows_of_three_and_the_rest_is_hidden(count: int, rows: int) -> None:
    figure, grid = panels(count, 1.5)
    assert len(grid) == rows * COLUMNS
    assert [axes.get_visible() for axes in grid] == [True] * count + [False] * (rows * COLUMNS - count)
    single = panels(1, 1.5)[0].get_size_inches()[1]
    assert figure.get_size_inches()[1] == pytest.approx(single + (rows - 1) * (1.5 + 0.5))


def test_a_heat_map_is_more_opaque_where_more_was_sent() -> None:
    shares = np.array([[1.0, 0.25], [0.0, 0.75]])
    axes = heat_maps([Shares("a", np.array([1.0, 2.0]), shares)], ["1", "2"], time_unit="days").axes[0]
    pixels = axes.images[0].get_array()
    assert np.asarray(pixels[..., 3]) == pytest.approx(np.sqrt(shares))
    assert axes.get_title(loc="left") == "a"


def test_amounts_are_stacked_and_each_tier_is_in_the_legend() -> None:
    layers = [Layers("a", np.array([0.0, 1.0]), np.array([[1.0, 2.0], [3.0, 4.0]]))]
    figure = stacked(layers, ["mid", "bump"], time_unit="days", quantity="dollars")
    lower, upper = figure.axes[0].collections
    assert lower.get_paths()[0].vertices[:, 1].max() == 2.0
    assert upper.get_paths()[0].vertices[:, 1].max() == 6.0
    assert [each.get_text() for each in figure.legends[0].get_texts()] == ["mid", "bump"]


def test_bins_without_captions_are_left_out_of_a_curve() -> None:
    rows = [Binned("a", np.array([0.1, np.nan, 0.3])), Binned("b", np.full(3, np.nan))]
    figure = by_bin(rows, ["1", "2", "3"], PLACES, across="rank", quantity="bias", target=0.0)
    axes = figure.axes[0]
    curves = [line for line in axes.lines if line.get_color() == COLOURS[0]]
    assert [line.get_xydata().tolist() for line in curves] == [[[0.0, 0.1], [2.0, 0.3]]]
    assert not [line for line in axes.lines if line.get_color() == COLOURS[1]]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2", "3"]


def test_a_share_by_bin_has_an_axis_from_nothing_to_all() -> None:
    rows = [Binned("a", np.array([0.5, 0.9]))]
    figure = by_bin(rows, ["1", "2"], PLACES, across="rank", quantity="coverage", target=0.95, share=True)
    assert figure.axes[0].get_ylim() == (-0.02, 1.02)
    assert list(figure.axes[0].lines[0].get_ydata()) == [0.95, 0.95]


def compared(policy: str, value: float, half: float) -> SimpleNamespace:
    own, wide = (Estimate(value, value - reach, value + reach, "t") for reach in (half, 2.0 * half))
    return SimpleNamespace(policy=policy, pointwise=own, simultaneous=wide)


def test_differences_have_two_intervals_each() -> None:
    axes = differences([compared("a", 2.0, 1.0), compared("b", 3.0, 1.0)], PLACES, quantity="q", baseline="base").axes[
        0
    ]
    lines = {(tuple(line.get_xdata()), line.get_ydata()[0]) for line in axes.lines if len(line.get_xdata()) == 2}
    assert {((0.0, 4.0), 1.0), ((1.0, 3.0), 1.0), ((1.0, 5.0), 0.0), ((2.0, 4.0), 0.0)} <= lines
    assert axes.get_xscale() == "linear"
    assert axes.get_xlabel() == "mean difference from base: q"


def test_differences_of_unlike_size_have_a_signed_logarithmic_axis() -> None:
    rows = [compared("a", 1.0, 0.1), compared("b", 500.0, 9.0)]
    assert differences(rows, PLACES, quantity="q", baseline="base").axes[0].get_xscale() == "symlog"


def test_a_quantity_far_from_the_model_is_cut_at_the_edge() -> None:
    found = SimpleNamespace(
        predictions=[SimpleNamespace(name="near", distance=-1.5), SimpleNamespace(name="far", distance=40.0)]
    )
    axes = predictive(found).axes[0]
    dots = [line.get_xydata()[0].tolist() for line in axes.lines if line.get_marker() == "o"]
    assert dots == [[-1.5, 1.0], [WIDEST, 0.0]]
    assert axes.get_xlim() == (-WIDEST - 0.5, WIDEST + 0.5)


def summary_row(policy: str, scale: float) -> dict[str, float | str]:
    values = {"q05": 1.0, "q25": 2.0, "q50": 3.0, "q75": 4.0, "q95": 5.0, "mean_regret": 3.5}
    return {"policy": policy} | {name: value * scale for name, value in values.items()}


def test_ranges_of_regret_go_from_quantile_to_quantile() -> None:
    axes = regret_ranges([summary_row("a", 1.0), summary_row("b", 2.0)], PLACES, regret_unit="reward").axes[0]
    first = [line.get_xdata().tolist() if hasattr(line.get_xdata(), "tolist") else list(line.get_xdata())
             for line in axes.lines if line.get_color() == COLOURS[0]]  # fmt: skip
    assert first == [[1.0, 5.0], [2.0, 4.0], [3.0], [3.5]]
    assert axes.get_xscale() == "linear"
    wide = regret_ranges([summary_row("a", 1.0), summary_row("b", 900.0)], PLACES, regret_unit="reward").axes[0]
    assert wide.get_xscale() == "symlog"


def curve(policy: str, *values: float) -> Curve:
    mean = np.array(values)
    return Curve(policy, np.arange(1.0, len(values) + 1.0), mean, mean - 1.0, mean + 1.0)


def test_a_curve_over_time_has_its_band_and_its_name() -> None:
    axes = over_time([curve("a", 1.0, 2.0, 4.0)], PLACES, Axis("days", "regret")).axes[0]
    line = next(each for each in axes.lines if each.get_color() == COLOURS[0])
    assert line.get_ydata().tolist() == [1.0, 2.0, 4.0]
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == (0.0, 5.0)
    assert [text.get_text() for text in axes.texts] == ["a"]
    assert (axes.get_xlabel(), axes.get_ylabel(), axes.get_ylim()[0]) == ("time (days)", "regret", 0.0)


def test_a_logarithmic_axis_leaves_out_what_has_no_logarithm() -> None:
    axes = over_time([curve("a", 0.0, 2.0, 4.0), curve("b", 0.0, 0.0, 0.0)], PLACES,
                     Axis("pulls", "regret", logarithmic=True)).axes[0]  # fmt: skip
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert [line.get_ydata().tolist() for line in axes.lines] == [[2.0, 4.0]]
    assert [text.get_text() for text in axes.texts] == ["a"]


def test_changes_incidents_and_refreshes_are_marked() -> None:
    marks = Marks(changes=[1.5, 2.5], refreshes=[1.0, 2.0], spans=[(1.0, 2.0, "outage")])
    axes = over_time([curve("a", 1.0, 2.0, 3.0)], PLACES, Axis("days", "regret", marks=marks)).axes[0]
    said = [text.get_text() for text in axes.texts]
    assert said.count("world changes") == 1
    assert "outage" in said
    verticals = {float(line.get_xdata()[0]) for line in axes.lines if len(set(line.get_xdata())) == 1}
    assert {1.5, 2.5, 1.0} <= verticals


def test_too_many_refreshes_are_not_drawn() -> None:
    few, many = (
        over_time([curve("a", 1.0, 2.0)], PLACES, Axis("days", "r", marks=Marks(refreshes=list(np.arange(count)))))
        for count in (100, 101)
    )
    assert len(few.axes[0].collections) == len(many.axes[0].collections) + 1


def test_a_lower_bound_is_drawn_and_named() -> None:
    marks = Marks(bound=np.array([0.0, 1.0, 1.5]), bound_name="Lai & Robbins")
    axes = over_time([curve("a", 1.0, 2.0, 3.0)], PLACES, Axis("pulls", "regret", marks=marks)).axes[0]
    assert [1.0, 1.5] in [line.get_ydata().tolist() for line in axes.lines if hasattr(line.get_ydata(), "tolist")]
    assert "Lai & Robbins" in [text.get_text() for text in axes.texts]


def test_shares_over_time_have_an_axis_from_nothing_to_all() -> None:
    axes = over_time([curve("a", 0.2, 0.4)], PLACES, Axis("days", "share", share=True)).axes[0]
    assert axes.get_ylim() == (-0.02, 1.02)
