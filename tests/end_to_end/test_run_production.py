"""The deployed loop in small, run whole as a user does: its decision, its diagnostics and its figures."""

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sim
from reports.sections.deployed_loop import FIGURES
from reports.tables.currencies import MISSED
from sim.cli import exit_code
from sim.scenario import load
from sim.worlds.metrics.loop import COLUMNS

pytestmark = pytest.mark.slow

SCENARIO, ORACLE = "production_small", "oracle"
REPLICATIONS, DAYS = 8, 90
FEW = ["policies=[wilson_sample, round_robin, {kind: oracle, by: revenue}]"]  # each other policy compiles a kernel
SHARES = ("explored_share", "cold_share", "top_decile_share", "top_decile_pages", "captured_share_free")


@pytest.fixture(scope="module", params=[FEW, pytest.param([], marks=pytest.mark.long)], ids=["few", "all"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    """One run for all tests of this file, of three policies or of all."""
    return sim.run(load(SCENARIO, request.param), out=tmp_path_factory.mktemp("production") / "run")


def policies_of(run: sim.Run) -> int:
    return int(run.replications["policy"].n_unique())


def test_the_whole_scenario_is_simulated(run: sim.Run) -> None:
    rows = run.replications
    assert len(rows) == REPLICATIONS * policies_of(run)
    slots = rows.with_columns(slots=pl.col("pulls") + pl.col("unfilled")).group_by("replication")
    assert slots.agg(pl.col("slots").n_unique())["slots"].to_list() == [1] * REPLICATIONS  # the same for every policy
    assert len(run.curves) % (REPLICATIONS * policies_of(run)) == 0


def test_every_diagnostic_has_a_value(run: sim.Run) -> None:
    rows = run.replications
    assert set(COLUMNS) <= set(rows.columns)
    # No policy need have a week in which a page sends 90 % to its top decile by purchases.
    assert [name for name in COLUMNS if rows[name].null_count() > 0] == ["top_decile_day"]
    for name in SHARES:
        assert rows[name].is_between(0.0, 1.0).all(), name
    assert rows["recount_factor"].is_between(1.0, 28.0).all()
    assert (rows["unfilled"] > 0).all()  # bump captions cannot be selected
    assert (rows["regret_free_usd"] >= rows["regret_usd"] - 1e-6 * rows["revenue_usd"]).all()
    assert rows["mean_price"].is_between(5.0, 35.0).all()


def test_the_numbers_of_the_loop_are_those_of_the_deployed_forms(run: sim.Run) -> None:
    learner = run.replications.filter(pl.col("policy") == "wilson_sample")
    assert learner["recount_factor"].mean() > 7.0  # weekly loads, 28 refreshes within the look-back
    assert learner["explored_share"].min() > 0.5  # 9 % of messages are attributed
    oracle = run.replications.filter(pl.col("policy") == ORACLE)
    assert oracle["captured_share"].mean() > learner["captured_share"].mean()


def test_regret_has_four_currencies_and_weeks_have_sums(run: sim.Run) -> None:
    summary = run.summary
    assert all(summary[name].null_count() == 0 for name in MISSED.values())
    oracle = summary.row(by_predicate=pl.col("policy") == ORACLE, named=True)
    assert [oracle[name] for name in MISSED.values()] == [0.0] * len(MISSED)
    weeks = pl.read_parquet(run.path / "weeks.parquet")
    assert len(weeks) == policies_of(run) * int(np.ceil(DAYS / 7))


def test_the_decision_and_the_figures_are_there(run: sim.Run, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = str(run.path / "scenario.yaml")
    assert exit_code(["run", scenario, "--out", str(run.path), "--resume", "--json", "--quiet"]) == 0
    answer = json.loads(capsys.readouterr().out)
    decision = answer["decision"]
    assert decision["outcome"] in ("switch", "keep", "undecided")
    assert (decision["baseline"], decision["metric"]) == ("wilson_sample", "revenue_usd")
    assert decision["ci_low"] <= decision["gain"] <= decision["ci_high"]
    assert answer["headline"]
    figures = {path.stem for path in (run.path / "figures").glob("*.svg")}
    assert set(FIGURES) <= figures
    assert "The deployed loop" in Path(answer["report"]).read_text(encoding="utf-8")
