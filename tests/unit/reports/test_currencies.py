"""Regret in labels, purchases, EMV and dollars, and the figure of means with their intervals."""

import polars as pl
import pytest

from reports.estimators.intervals import Estimate
from reports.figures.dots import Dots, dots
from reports.figures.style import svg
from reports.tables.currencies import MISSED, missed, missed_columns
from reports.tables.summary import SUMMARY_SCHEMA

EARNED = {
    "wins_labels": {"labels": [9.0, 8.0], "reward": [1.0, 1.0], "emv_usd": [0.5, 0.5], "revenue_usd": [10.0, 30.0]},
    "knows": {"labels": [7.0, 6.0], "reward": [4.0, 6.0], "emv_usd": [1.5, 2.5], "revenue_usd": [100.0, 140.0]},
}


def rows() -> dict[str, pl.DataFrame]:
    return {name: pl.DataFrame({"replication": [0, 1], **columns}) for name, columns in EARNED.items()}


def test_a_policy_can_win_in_one_currency_and_lose_in_another() -> None:
    found = missed_columns(rows(), {"knows"})
    assert found["wins_labels"] == {
        "missed_labels": -2.0, "missed_purchases": 4.0, "missed_emv_usd": 1.5, "missed_usd": 100.0
    }  # fmt: skip
    assert set(found["knows"].values()) == {0.0}
    assert set(MISSED.values()) <= set(SUMMARY_SCHEMA)


def test_differences_are_paired_by_replication() -> None:
    alike = pl.DataFrame({"labels": [1.0, 50.0, 300.0]})
    estimate = missed(alike, pl.DataFrame({"labels": [0.0, 49.0, 299.0]}), "labels")
    assert (estimate.value, estimate.low, estimate.high) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("oracles", [set(), {"another"}])
def test_without_an_oracle_there_are_none(oracles: set[str]) -> None:
    assert missed_columns(rows(), oracles) == {}


def test_without_a_deployed_loop_there_are_none() -> None:
    unknown = {name: one.with_columns(labels=pl.lit(None, pl.Float64)) for name, one in rows().items()}
    assert missed_columns(unknown, {"knows"}) == {}
    assert missed_columns({name: one.drop("labels") for name, one in rows().items()}, {"knows"}) == {}


def test_a_panel_has_a_dot_and_a_line_for_each_policy_with_an_estimate() -> None:
    wide, single = Estimate(0.5, 0.25, 0.75, "t"), Estimate(0.125, None, None, "t")
    quantities = [Dots("coverage", [wide, None, single], share=True), Dots("factor", [wide, wide, wide])]
    figure = dots(["a", "b", "c"], quantities, {"a": 0, "b": 1, "c": 2})
    first, second = figure.axes
    drawn = [(list(line.get_xdata()), list(line.get_ydata())) for line in first.lines]
    assert drawn == [([0.25, 0.75], [2, 2]), ([0.5], [2]), ([0.125], [0])]
    assert len(second.lines) == 6
    assert [axes.get_title(loc="left") for axes in (first, second)] == ["coverage", "factor"]
    assert [text.get_text() for text in first.get_yticklabels()] == ["c", "b", "a"]
    assert "%" in first.xaxis.get_major_formatter()(0.5, 0)
    assert svg(figure, "one").startswith("<svg")
