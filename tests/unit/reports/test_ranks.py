"""Ranks, who beats whom, the worst per cent, money a month, curves over time, and CSV files that run nothing."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from reports.estimators.intervals import pointwise_means
from reports.estimators.ranks import ranks_frame, win_probability_frame
from reports.scenario_facts import default_baseline, oracles, page_months, pages
from reports.tables.over_time import regret_over_time, revenue_differences
from reports.tables.spreadsheet import defused, write_csv
from reports.tables.summary import pairs_frame, summary_frame
from sim.scenario import load

REGRET = {"a": [1.0, 2.0, 3.0, 4.0], "b": [2.0, 2.0, 1.0, 5.0], "knows": [0.0, 0.0, 0.0, 0.0]}


def replications(regret: dict[str, list[float]], revenue: float = 0.0) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "policy": name,
                "replication": number,
                "pulls": 10,
                "reward": 1.0,
                "regret": value,
                "revenue_usd": revenue + number,
                "best_share": 0.5,
                "locked_out": False,
                "regret_usd": None,
                "locked_out_pages": 0.0,
                "first_locked_at": 3.0 if number == 0 else None,
                "ever_locked": number == 0,
                "locked_since": None,
            }
            for name, values in regret.items()
            for number, value in enumerate(values)
        ],
        schema_overrides={"regret_usd": pl.Float64, "locked_since": pl.Float64},
    )


def test_equals_share_the_better_rank_and_oracles_take_no_part() -> None:
    ranks = ranks_frame(replications(REGRET), {"knows"})
    assert ranks.select("policy", "rank", "count").rows() == [("a", 1, 3), ("a", 2, 1), ("b", 1, 2), ("b", 2, 2)]
    assert ranks_frame(replications(REGRET)).filter(rank=1)["policy"].to_list() == ["knows"]
    assert ranks_frame(replications({"knows": [0.0]}), {"knows"}).is_empty()


def test_p_best_is_the_share_of_first_ranks() -> None:
    summary = summary_frame(replications(REGRET), {"knows"})
    assert summary["p_best"].to_list() == [0.75, 0.5, None]
    assert summary["mean_rank"].to_list() == [1.25, 1.5, None]
    assert summary["ever_locked_share"].to_list() == [0.25] * 3
    low, high = summary.row(0, named=True)["p_best_low"], summary.row(0, named=True)["p_best_high"]
    assert 0.0 < low < 0.75 < high < 1.0


def test_wins_and_ties_of_ordered_pairs() -> None:
    beats = win_probability_frame(replications(REGRET))
    rows = {(row["policy"], row["other"]): (row["wins"], row["ties"]) for row in beats.to_dicts()}
    assert rows["a", "b"] == (2, 1)
    assert rows["b", "a"] == (1, 1)
    assert rows["knows", "a"] == (4, 0)
    assert len(rows) == 6
    assert (beats["share_low"] <= beats["share"]).all()
    assert (beats["share"] <= beats["share_high"]).all()


def test_the_worst_are_a_per_cent_rounded_up() -> None:
    values = np.random.default_rng(3).exponential(size=250)
    row = summary_frame(replications({"p": values.tolist()})).row(0, named=True)
    assert row["worst_replications"] == 3
    assert row["worst_regret"] == pytest.approx(np.sort(values)[-3:].mean())
    assert row["q01"] == np.quantile(values, 0.01)
    assert row["worst_regret"] >= row["q99"]


def test_intervals_of_few_skewed_replications_are_flagged() -> None:
    generator = np.random.default_rng(4)
    table = replications(
        {"skewed": generator.exponential(size=60).tolist(), "even": generator.normal(size=60).tolist()}
    )
    assert summary_frame(table)["ci_short"].to_list() == [True, False]
    alike = replications({name: generator.normal(size=60).tolist() for name in ("one", "two")})
    assert pairs_frame(alike)["ci_short"].to_list() == [False]
    assert pairs_frame(replications({**REGRET, "one": [0.0, 0.0, 0.0, 9.0]}))["ci_short"].any()


def test_dollars_a_page_and_month() -> None:
    scenario = load(
        {"name": "x", "horizon": {"days": 365.25}, "world": {"kind": "traffic", "pages": 2}, "policies": ["uniform"]}
    )
    assert page_months(scenario, pl.DataFrame()) == pytest.approx(24.0)
    row = summary_frame(replications({"p": [1.0, 2.0, 3.0]}, revenue=239.0), page_months=24.0).row(0, named=True)
    assert row["usd_page_month"] == pytest.approx(10.0)
    assert row["usd_page_month_low"] < 10.0 < row["usd_page_month_high"]
    assert summary_frame(replications(REGRET))["usd_page_month"].null_count() == 3


def test_dollars_a_page_of_a_file_are_counted_by_what_all_pages_sent() -> None:
    """4 sends per day on 3 pages for 30 days; the file itself is not read."""
    world = {"kind": "table", "source": "gone.csv", "columns": {"price": "price"}}
    scenario = load({"name": "x", "horizon": {"days": 30}, "world": world, "policies": ["uniform"]})
    rows = pl.DataFrame({"pulls": [360, 360]})
    assert pages(scenario, rows) == 3
    assert page_months(scenario, rows) == pytest.approx(3 * 30 * 12 / 365.25)
    plain = load({"name": "x", "horizon": {"days": 30}, "world": {**world, "columns": {}}, "policies": ["uniform"]})
    assert page_months(plain, rows) is None


def test_the_baseline_is_the_deployed_rule_where_it_runs() -> None:
    base = {"name": "x", "horizon": {"pulls": 9}, "world": {"kind": "bernoulli", "means": [0.1, 0.2]}}
    policies = ["oracle", "uniform", {"kind": "wilson_sample", "name": "ours"}]
    assert default_baseline(load({**base, "policies": policies})) == "ours"
    assert default_baseline(load({**base, "policies": policies[1:2]})) == "uniform"
    assert oracles(load({**base, "policies": policies})) == {"oracle"}


@pytest.fixture
def curves(tmp_path: Path) -> Path:
    rows = [
        {"policy": p, "replication": r, "at": t, "regret": t * (r + 1), "reward": 0.0, "revenue_usd": t * (r + more)}
        for p, more in (("base", 0.0), ("better", 2.0))
        for r in range(5)
        for t in (1.0, 2.0)
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "curves.parquet")
    return tmp_path / "curves.parquet"


def test_regret_over_time(curves: Path) -> None:
    table = regret_over_time(curves, ["base", "better"])
    assert table.select("policy", "at", "mean_regret", "q50").rows()[:2] == [
        ("base", 1.0, 3.0, 3.0),
        ("base", 2.0, 6.0, 6.0),
    ]
    assert (table["ci_low"] < table["mean_regret"]).all()


def test_accumulated_revenue_is_compared_pair_by_pair(curves: Path) -> None:
    table = revenue_differences(curves, ["base", "better"], "base")
    assert table["difference_usd"].to_list() == [2.0, 4.0]
    assert table["ci_low"].to_list() == [2.0, 4.0]  # the same luck leaves no spread
    assert table["policy"].to_list() == ["better"] * 2
    assert revenue_differences(curves, ["better"], "better").is_empty()


def test_one_replication_has_no_interval() -> None:
    _, low, high = pointwise_means(np.array([[1.0, 2.0]]))
    assert np.isnan([*low, *high]).all()


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n=cmd|' /C calc'!A0", "\x00=1"]
HARMLESS = ["a=1", "wilson_sample", "1-2", "", "–", "11–30", "'=1"]


def test_texts_that_a_spreadsheet_would_run_are_defused_and_numbers_are_not(tmp_path: Path) -> None:
    texts = [*HOSTILE, *HARMLESS, None]
    frame = pl.DataFrame({"=name": texts, "number": np.linspace(-1, 1, len(texts)), "whole": range(-3, len(texts) - 3)})
    safe = defused(frame)
    assert safe.columns == ["'=name", "number", "whole"]
    assert safe["'=name"].to_list() == [*("'" + text for text in HOSTILE), *HARMLESS, None]
    assert safe.drop("'=name").equals(frame.drop("=name"))
    write_csv(frame.filter(pl.col("=name") == "-1"), tmp_path / "tables" / "t.csv")
    assert (tmp_path / "tables" / "t.csv").read_text() == f"'=name,number,whole\n'-1,{frame['number'][2]},-1\n"
