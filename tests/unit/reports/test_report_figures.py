"""Figures: the same rows give the same bytes; names stay apart; hostile text stays text."""

import itertools
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reports.estimators.comparisons import PairedComparison
from reports.estimators.intervals import Estimate
from reports.figures.by_bin import Binned, by_bin
from reports.figures.differences import differences
from reports.figures.over_time import Axis, Marks, over_time, spread
from reports.figures.panels import Layers, Shares, heat_maps, stacked
from reports.figures.regret import regret_ranges, regret_tails
from reports.figures.style import COLOURS, VARIABLES, label, png, series, svg, themed
from reports.tables.curves import Curve, Tail, mean_curve

AT = np.array([1.0, 10.0, 100.0])


def curve(policy: str, final: float) -> Curve:
    mean = final * AT / 100
    return Curve(policy, AT, mean, mean * 0.9, mean * 1.1)


def summary_row(policy: str, mean: float) -> dict[str, object]:
    levels = {"q05": 0.5, "q25": 0.8, "q50": 1.0, "q75": 1.2, "q95": 1.5}
    return {"policy": policy, "mean_regret": mean, **{key: factor * mean for key, factor in levels.items()}}


def compared(policy: str, value: float) -> PairedComparison:
    estimate = Estimate(value, value - 1, value + 1, "t")
    return PairedComparison(
        policy, "base", estimate, estimate, 0.5, 0.5, Estimate(0.5, 0.4, 0.6, "wilson"), 20, False, 30
    )


def figures(names: list[str], finals: list[float]) -> dict[str, Figure]:
    """One of every kind."""
    curves = [curve(name, final) for name, final in zip(names, finals, strict=True)]
    place = {name: i for i, name in enumerate(names)}
    tails = [Tail(c.policy, AT, c.mean, c.low, c.high, np.array([c.mean, c.high])) for c in curves]
    axis = Axis("pulls", "mean cumulative regret (successes)")
    marks = Marks(changes=[50.0], refreshes=[20.0, 40.0], bound=np.log(AT), bound_name="bound")
    shares = np.array([[0.2, 0.5, 1.0], [0.8, 0.5, 0.0]])
    binned = [Binned(name, np.array([0.1, np.nan])) for name in names]
    rows = [summary_row(name, final) for name, final in zip(names, finals, strict=True)]
    return {
        "linear": over_time(curves, place, axis),
        "log": over_time(curves, place, Axis("pulls", "regret", logarithmic=True, marks=marks)),
        "share": over_time(curves, place, Axis("days", "share", share=True)),
        "log-time": over_time(curves, place, Axis("pulls", "share", share=True, logarithmic_time=True)),
        "signed": over_time(curves, place, Axis("pulls", "more", from_zero=False, signed_logarithmic=True)),
        "tails": regret_tails(tails, place, time_unit="pulls", regret_unit="successes"),
        "ranges": regret_ranges(rows, place, regret_unit="successes"),
        "differences": differences(
            [compared(name, final) for name, final in zip(names, finals, strict=True)],
            place,
            quantity="x",
            baseline="base",
        ),
        "heat": heat_maps([Shares(name, AT, shares) for name in names], ["1", "2"], time_unit="pulls"),
        "stacked": stacked([Layers(name, AT, shares) for name in names], ["mid", "bump"], time_unit="d", quantity="$"),
        "bins": by_bin(binned, ["1", "2"], place, across="rank", quantity="bias", target=0.0),
    }


@pytest.mark.parametrize("finals", [[1.0, 2.0], [0.0, 1.0, 5_000.0], [0.0]])
@pytest.mark.slow
def test_figures_are_byte_identical_and_carry_no_date(finals: list[float]) -> None:
    names = [f"policy_{i}" for i in range(len(finals))]
    first, again = figures(names, finals), figures(names, finals)
    for name, figure in first.items():
        text = svg(figure, name)
        assert text == svg(again[name], name)
        assert png(figure) == png(again[name])
        assert text.startswith("<svg")
        assert "mathdefault" not in text  # a tick's label that no formatter of ours made
        assert not re.search(r"\b20\d\d-\d\d-\d\d", text)
        ET.fromstring(text)


def test_figures_of_one_page_share_no_identifier() -> None:
    identifiers = [re.findall(r' id="([^"]+)"', svg(figure, name)) for name, figure in figures(["a"], [1.0]).items()]
    every = list(itertools.chain(*identifiers))
    assert len(every) > 100
    assert len(every) == len(set(every))


HOSTILE = [
    "$$",
    "$x^2$",
    "$\\frac{1}{",
    "a" * 300,
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "&amp;]]>",
    "\x00\x07\u202e",
    "日本語🎈",
    "%s{0}{{x}}",
    "\\textbf{x}",
    "line\nbreak",
]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.slow
def test_no_name_breaks_a_figure_or_becomes_markup(name: str) -> None:
    for kind, figure in figures([name, "plain"], [1.0, 2.0]).items():
        text = svg(figure, kind)
        root = ET.fromstring(text)  # well-formed, whatever the name
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert not tags & {"script", "img", "foreignObject"}
        assert label(name)[:12] in "".join(root.itertext())


def test_long_names_keep_their_ends_and_others_are_left_alone() -> None:
    assert label("wilson_sample") == "wilson_sample"
    assert len(label("a" * 150 + "z" * 150)) == 30
    assert label("a" * 150 + "z" * 150).endswith("z")


def test_every_curve_of_two_dozen_is_named_and_no_two_look_alike() -> None:
    names = [f"policy_{i:02d}" for i in range(24)]
    curves = [curve(name, 1.0 + i / 50) for i, name in enumerate(names)]
    place = {name: i for i, name in enumerate(names)}
    text = svg(over_time(curves, place, Axis("days", "regret")), "x")
    assert all(name in text for name in names)
    looks = [(s["color"], str(s["linestyle"]), s["marker"]) for s in map(series, range(24))]
    assert len(set(looks)) == 24


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("place", [1, 2])
def test_curves_stand_out_and_text_is_readable_on_light_and_dark(place: int) -> None:
    colours = {variable[0]: variable[place] for variable in VARIABLES}
    panel = colours["--panel"]
    assert all(contrast(colours[f"--series-{i}"], panel) >= 3.0 for i in range(len(COLOURS)))
    assert all(contrast(colours[name], panel) >= 4.5 for name in ("--ink", "--quiet"))


def test_a_page_sets_the_colours_and_a_file_has_them() -> None:
    text = svg(over_time([curve("a", 1.0)], {"a": 0}, Axis("days", "regret")), "x")
    assert "var(" not in text
    page = themed(text)
    assert f"stroke: var(--series-0, {COLOURS[0]})" in page
    assert not re.search(r"(?:fill|stroke): #", page)  # every colour is a variable


def test_means_have_the_band_of_students_t() -> None:
    values = np.array([[1.0, 2.0], [3.0, 6.0], [5.0, 10.0]])
    found = mean_curve("a", AT[:2], values)
    assert found.mean.tolist() == [3.0, 6.0]
    reach = 4.302652729696142 * np.array([2.0, 4.0]) / np.sqrt(3)  # t(0.975, 2) · sd / √n
    assert found.high - found.mean == pytest.approx(reach)
    assert np.isnan(mean_curve("a", AT[:2], values[:1]).low).all()


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


@pytest.mark.parametrize("most", [50.0, 50_000.0, 1_200_000.0])
def test_the_name_of_a_shared_axis_stands_clear_of_its_numbers(most: float) -> None:
    line = AT * most / AT[-1]
    tails = [Tail(f"policy_{i}", AT, line / 2, line / 4, line, np.array([line])) for i in range(7)]
    amounts = [Layers(tail.policy, AT, np.array([line])) for tail in tails]
    for figure in (
        regret_tails(
            tails, {tail.policy: i for i, tail in enumerate(tails)}, time_unit="days", regret_unit="purchases"
        ),
        stacked(amounts, ["all"], time_unit="days", quantity="cumulative revenue (US dollars)"),
    ):
        FigureCanvasAgg(figure).draw()
        assert figure._supylabel is not None
        name = figure._supylabel.get_window_extent()
        numbers = [label for axes in figure.axes for label in axes.get_yticklabels() if label.get_text()]
        assert numbers
        assert not [label for label in numbers if name.overlaps(label.get_window_extent())]
