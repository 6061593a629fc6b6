"""Cells of estimates, rows of figures, and axes that show small and large values together."""

import math

import pytest
from matplotlib.figure import Figure

from reports.cells import estimate_cell, estimate_cells, interval_cell, share_cells
from reports.estimators.intervals import Estimate
from reports.figures.gains import NARROW, GainRow, gains
from reports.figures.over_time import LEADER, room_for
from reports.figures.rows import dashed_line, draw_interval, figure_of_rows, room_left
from reports.figures.scale import LOG_FROM_RATIO, linear_below, signed_logarithmic, spreads
from reports.figures.style import COLOURS, MARKERS, WIDTH, marked_every, new_figure, series, text_width, tick
from reports.figures.sweep import Map, Swing, heat_map, tornado

GAIN = Estimate(12.5, 10.0, 15.0, "t")
ALONE = Estimate(3.0, None, None, "none")
SHARE = Estimate(0.25, 0.2, 0.3, "wilson")


def shown(cells: list) -> list[tuple[str, float | None]]:
    return [(cell.text, cell.value) for cell in cells]


def test_an_estimate_and_its_interval_are_two_cells_that_sort_by_number() -> None:
    assert shown(estimate_cells(GAIN)) == [("12.50", 12.5), ("[10, 15]", 10.0)]
    assert shown([interval_cell(GAIN)]) == [("[10, 15]", 10.0)]


def test_a_share_is_shown_in_percent() -> None:
    assert shown(share_cells(SHARE)) == [("25 %", 0.25), ("20 % to 30 %", 0.2)]


def test_one_replication_has_a_dash_for_an_interval() -> None:
    assert shown(estimate_cells(ALONE)) == [("3", 3.0), ("–", None)]


def test_one_cell_holds_both() -> None:
    assert shown([estimate_cell(GAIN), estimate_cell(SHARE, share=True)]) == [
        ("12.50 [10, 15]", 12.5),
        ("25 % (20 % to 30 %)", 0.25),
    ]


def test_a_figure_of_rows_names_the_first_on_top() -> None:
    figure, axes = figure_of_rows(["first", "second", "third"], "dollars", row=0.5, rest=1.0)
    assert figure.get_size_inches().tolist() == [WIDTH, 2.5]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["third", "second", "first"]
    assert axes.get_ylim() == (-0.6, 2.6)
    assert axes.get_xlabel() == "dollars"


def test_longer_names_get_more_room() -> None:
    assert room_left(["ab", "abcd"]) == pytest.approx(0.3 + text_width("abcd"))
    assert room_for([]) == pytest.approx(LEADER + 0.15)
    assert room_for(["abc"]) == pytest.approx(LEADER + 0.15 + text_width("abc"))


def test_an_interval_is_a_line_and_an_unknown_one_is_none() -> None:
    axes = Figure().subplots()
    draw_interval(axes, 2, (1.0, 4.0), COLOURS[0], 3.0)
    (line,) = axes.lines
    assert line.get_xydata().tolist() == [[1.0, 2.0], [4.0, 2.0]]
    assert line.get_linewidth() == 3.0
    for limits in ((None, None), (None, 1.0), (1.0, None)):
        draw_interval(axes, 1, limits, COLOURS[0], 3.0)
    assert len(axes.lines) == 1


def test_rows_are_compared_with_a_dashed_line() -> None:
    axes = Figure().subplots()
    dashed_line(axes, 5.0)
    assert list(axes.lines[0].get_xdata()) == [5.0, 5.0]
    assert axes.lines[0].get_linestyle() != "-"


def test_gains_have_a_dot_each_and_a_line_where_there_is_an_interval() -> None:
    axes = gains([GainRow("a", GAIN, 0), GainRow("b", ALONE, 1)], quantity="dollars").axes[0]
    dots = {(line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() == "o"}
    assert dots == {(12.5, 1), (3.0, 0)}
    assert sum(line.get_marker() != "o" for line in axes.lines) == 2  # the dashed line, and one interval
    assert gains([GainRow("a", GAIN, 0)], quantity="x").get_size_inches()[0] == NARROW


def test_a_tornado_has_a_bar_from_the_least_to_the_largest_gain() -> None:
    swings = [Swing("wide", ["low", "high"], [-2.0, 6.0]), Swing("narrow", ["x", "y"], [1.0, 3.0])]
    axes = tornado(swings, centre=2.0, quantity="gain").axes[0]
    bars = {(bar.get_x(), bar.get_width(), round(bar.get_y() + bar.get_height() / 2)) for bar in axes.patches}
    assert bars == {(-2.0, 8.0, 1), (1.0, 2.0, 0)}
    assert {text.get_text() for text in axes.texts} == {"low", "high", "x", "y"}
    assert swings[0].size == 8.0


def test_a_heat_map_writes_gain_and_best_policy_into_each_cell() -> None:
    given = Map("rows", "columns", ["a", "b"], ["c"], gains=_matrix([[2.0], [-1.0]]), best=[["p"], ["q"]])
    axes = heat_map(given, quantity="gain").axes[0]
    assert [text.get_text() for text in axes.texts] == ["2\np", "−1\nq"]
    pixels = axes.images[0].get_array()
    # The largest gain is the most opaque; half of it is half as opaque, in the other colour.
    assert pixels[0, 0, 3] == pytest.approx(0.55)
    assert pixels[1, 0, 3] == pytest.approx(0.275)
    assert pixels[0, 0, 2] > pixels[0, 0, 0]
    assert pixels[1, 0, 0] > pixels[1, 0, 2]


def _matrix(rows: list[list[float]]):
    import numpy as np

    return np.array(rows)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, LOG_FROM_RATIO], False),
        ([1.0, LOG_FROM_RATIO + 0.1], True),
        ([5.0], False),
        ([0.0, -3.0, 4.0], False),
        ([], False),
    ],
)
def test_values_that_a_linear_axis_would_hide(values: list[float], expected: bool) -> None:
    assert spreads(values) is expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.02, 5.0], 0.01), ([3.0], 1.0), ([1e-9, 200.0], 0.1), ([], 1.0), ([-1.0, 0.0], 1.0)],
)
def test_the_linear_part_ends_at_a_power_of_ten_three_decades_below_the_largest(
    values: list[float], expected: float
) -> None:
    assert linear_below(values) == pytest.approx(expected)


@pytest.mark.parametrize("which", ["x", "y"])
def test_a_signed_logarithmic_axis_names_its_linear_part(which: str) -> None:
    axes = Figure().subplots()
    signed_logarithmic(axes, which, [0.5, 40.0])
    assert (axes.get_xscale(), axes.get_yscale()) == (("symlog", "linear") if which == "x" else ("linear", "symlog"))
    assert [text.get_text() for text in axes.texts] == ["linear"]
    scale = (axes.xaxis if which == "x" else axes.yaxis).get_transform()
    assert scale.linthresh == 0.1


def test_policies_differ_in_colour_dashes_or_marker() -> None:
    looks = {tuple(map(str, series(index).values())) for index in range(280)}
    assert len(looks) == 280
    assert series(9)["color"] == COLOURS[1]
    assert series(9)["marker"] == MARKERS[2]


@pytest.mark.parametrize(("index", "points", "expected"), [(0, 60, (0, 10)), (1, 60, (3, 10)), (4, 3, (0, 1))])
def test_markers_are_staggered(index: int, points: int, expected: tuple[int, int]) -> None:
    assert marked_every(index, points) == expected


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (1.50, "1.5"), (2000.0, "2,000"), (0.25, "0.25"), (-3.0, "−3")]
)
def test_ticks_end_without_zeros(value: float, text: str) -> None:
    assert tick(value) == text


def test_margins_are_in_inches() -> None:
    figure = new_figure(4.0, left=1.0, right=0.6, top=0.4, bottom=0.8, width=8.0)
    edges = figure.subplotpars
    assert (edges.left, edges.right) == pytest.approx((0.125, 0.925))
    assert (edges.bottom, edges.top) == pytest.approx((0.2, 0.9))


def test_east_asian_letters_are_twice_as_wide() -> None:
    assert text_width("文字") == pytest.approx(text_width("abcd"))
    assert math.isclose(text_width(""), 0.0)
