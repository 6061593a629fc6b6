"""Figures in which all policies look alike are folded; logarithmic axes name their linear part."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from reports.content import FigureBlock, Section, TableBlock
from reports.figures.over_time import Axis, over_time
from reports.figures.panels import Layers
from reports.figures.places import Places
from reports.figures.scale import signed_logarithmic
from reports.folding import alike, folded
from reports.render import Report, html, markdown
from reports.sections.money import _same_mix
from reports.tables.curves import Curve

AT = np.array([1.0, 2.0, 3.0])


def curve(policy: str, *mean: float) -> Curve:
    values = np.array(mean)
    return Curve(policy, AT, values, values, values)


def test_curves_on_top_of_each_other_get_a_sentence() -> None:
    same = [curve("a", 0.99, 0.98, 0.985), curve("b", 0.98, 0.99, 0.98)]
    assert alike(same, "entropy of sends", share=True) == (
        "No policy stands out here: entropy of sends is 98 % to 99 % under all of them, at all times."
    )
    flat = [curve("a", 0.0, 0.0, 0.0), curve("b", 0.0, 0.0, 0.0)]
    assert "is 0 % under" in alike(flat, "share locked out", share=True)


@pytest.mark.parametrize("last", [0.93, 1.03])
def test_one_point_apart_is_enough_to_show_the_figure(last: float) -> None:
    assert alike([curve("a", 0.98, 0.98, 0.98), curve("b", 0.98, 0.98, last)], "x", share=True) == ""


def test_numbers_are_compared_with_the_largest() -> None:
    close = [curve("a", 14.0, 14.1, 14.0), curve("b", 14.1, 14.0, 14.2)]
    assert "14 to 14.2" in alike(close, "mean price", share=False)
    assert alike([curve("a", 14.0, 14.0, 14.0), curve("b", 15.0, 14.0, 14.0)], "mean price", share=False) == ""


def test_missing_points_and_single_policies() -> None:
    gaps = [curve("a", np.nan, 0.5, 0.5), curve("b", np.nan, 0.5, np.nan)]
    with np.errstate(all="raise"):
        assert alike(gaps, "x", share=True) != ""
    assert alike([curve("a", 0.5, 0.5, 0.5)], "x", share=True) == ""
    assert alike([curve(name, np.nan, np.nan, np.nan) for name in "ab"], "x", share=True) == ""


def test_a_folded_figure_stays_in_the_page_behind_its_sentence() -> None:
    block = FigureBlock("entropy", "Entropy", "How to read it", Figure(figsize=(1, 1)))
    assert folded(block, "") is block
    hidden = folded(block, "All alike.")
    table = TableBlock("Gain by week", ["week", "gain"], [], folded=True)
    report = Report("t", "s", "h", [], [Section("k", "K", [hidden, table])])
    page, text = html(report), markdown(report)
    assert '<details class="folded"><summary>All alike.</summary>' in page
    assert '<details class="folded"><summary>Gain by week</summary>' in page
    assert page.count("<details") == page.count("</details>") == 2
    assert "All alike. [Entropy](figures/entropy.svg)" in text
    assert "![Entropy]" not in text
    assert [each.name for each in report.figures] == ["entropy"]


def test_the_mix_of_tiers_is_folded_where_it_is_one_mix() -> None:
    def layers(*last: float) -> Layers:
        return Layers("p", AT, np.array(last)[:, None] * AT / 3.0)

    assert _same_mix([layers(50.0, 50.0), layers(100.0, 101.0)], ["mid", "premium"]).endswith("mid 50 %, premium 50 %.")
    assert _same_mix([layers(50.0, 50.0), layers(100.0, 120.0)], ["mid", "premium"]) == ""
    assert _same_mix([layers(0.0, 0.0), layers(100.0, 120.0)], ["mid", "premium"]) == ""


@pytest.mark.parametrize("which", ["x", "y"])
def test_the_linear_part_of_a_logarithmic_axis_is_shaded_and_named(which: str) -> None:
    axes = Figure().subplots()
    signed_logarithmic(axes, which, [5.0, 2_000.0])  # type: ignore[arg-type]
    scale = axes.get_xscale() if which == "x" else axes.get_yscale()
    assert scale == "symlog"
    assert [text.get_text() for text in axes.texts] == ["linear"]
    (band,) = axes.patches
    box = band.get_extents().transformed(axes.transData.inverted())
    assert tuple(box.intervalx if which == "x" else box.intervaly) == pytest.approx((-1.0, 1.0))


def test_curves_of_unlike_size_get_that_axis_and_others_do_not() -> None:
    places: Places = {"a": 0, "b": 1}
    axis = Axis("days", "difference", from_zero=False, signed_logarithmic=True)
    for last, named in ((900.0, True), (2.0, False)):
        figure = over_time([curve("a", 0.0, 0.5, 1.0), curve("b", 0.0, last / 2, last)], places, axis)
        assert ("linear" in [text.get_text() for text in figure.axes[0].texts]) == named
