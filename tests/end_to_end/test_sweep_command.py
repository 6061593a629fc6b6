"""`sweep` and `sim.sweep`: cells are ordinary runs, the decision over them, and what happens when one is missing."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

import sim
from reports.decision.data import decision_data
from reports.sweep.report import gain_map, swings
from reports.sweep.robustness import focus, robustness
from sim.cli import cli
from sim.errors import InputError, ScenarioError, StorageError
from sim.runs.shards import Shard
from sim.scenario import load
from sim.sweeps import sweep_shard

SCENARIO = {
    "name": "tiny",
    "replications": 24,
    "horizon": {"pulls": 40},
    "world": {"kind": "bernoulli", "means": [0.3, 0.7]},
    "policies": ["wilson_sample", "thompson_beta", "uniform", "oracle"],
}
VARY = {"horizon.pulls": [20, 40], "world.means": {"close": [0.5, 0.52], "far": [0.1, 0.9]}}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> sim.Sweep:
    return sim.sweep(SCENARIO, VARY, tmp_path_factory.mktemp("sweep") / "grid")


def command(*words: str) -> Result:
    return CliRunner().invoke(cli, ["sweep", *words])


@pytest.mark.slow
def test_a_cell_is_the_run_of_its_scenario(swept: sim.Sweep, tmp_path: Path) -> None:
    alone = sim.run(
        SCENARIO, tmp_path / "alone", overrides=["horizon.pulls=20", "world.means=[0.1, 0.9]"], report=False
    )
    cell = swept.runs["horizon.pulls=20, world.means=far"]
    assert cell.replications.equals(alone.replications)
    assert decision_data(cell.decision) == decision_data(swept.cells[1].decision)


def test_all_cells_have_the_same_luck(swept: sim.Sweep) -> None:
    short = swept.runs["horizon.pulls=20, world.means=far"].curves.filter(policy="oracle")
    long = swept.runs["horizon.pulls=40, world.means=far"].curves.filter(policy="oracle")
    at_20 = long.filter(pl.col("at") == 20).sort("replication")["reward"].to_list()
    assert short.filter(pl.col("at") == 20).sort("replication")["reward"].to_list() == at_20


def test_the_table_holds_every_policy_of_every_cell(swept: sim.Sweep) -> None:
    assert len(swept.table) == 4 * 4
    assert swept.table.equals(pl.read_parquet(swept.path / "sweep.parquet"))
    assert swept.table.columns[:2] == ["horizon.pulls", "world.means"]
    assert swept.table.group_by("cell").agg(pl.col("best").sum())["best"].to_list() == [1] * 4
    row = swept.table.filter(policy="oracle", cell="horizon.pulls=40,world.means=far").row(0, named=True)
    assert row["captured"] == 1.0
    assert row["ci_low"] is None


def test_the_decision_over_cells_counts_them(swept: sim.Sweep) -> None:
    found = robustness(swept.cells)
    assert sum(found.outcomes.values()) == found.cells == 4
    assert found.same == sum(
        (c.decision.outcome, c.decision.policy) == (found.outcome, found.policy) for c in swept.cells
    )
    assert {record.policy for record in found.records} == {"wilson_sample", "thompson_beta"}
    assert sum(record.best_in for record in found.records) == 4
    base = next(record for record in found.records if record.policy == "wilson_sample")
    assert base.smallest_gain == base.largest_gain == 0.0
    assert found.safest.largest_shortfall <= base.largest_shortfall


def test_figures_follow_the_gains(swept: sim.Sweep) -> None:
    policy = focus(swept.cells, swept.decision)
    assert policy == "thompson_beta"
    leads = {cell.name: cell.lead(policy) for cell in swept.cells}
    by_key = {swing.key: swing for swing in swings(swept.cells, policy)}
    pulls = by_key["horizon.pulls"]
    expected = (leads["horizon.pulls=20, world.means=close"] + leads["horizon.pulls=20, world.means=far"]) / 2
    assert pulls.gains[pulls.levels.index("20")] == pytest.approx(expected)
    drawn = gain_map(swept.cells, policy, "world.means", "horizon.pulls")
    assert drawn.gains.shape == (2, 2)
    assert drawn.gains[1, 0] == pytest.approx(leads["horizon.pulls=20, world.means=far"])
    assert (swept.path / "figures" / "sweep_heat_map.svg").is_file()
    page = (swept.path / "sweep.html").read_text()
    assert "sweep_tornado" in page and "Safest: " in page


def test_resume_adds_values_and_keeps_cells(swept: sim.Sweep) -> None:
    kept = swept.path / "cells" / "horizon.pulls=20,world.means=far" / "replications.parquet"
    before = kept.stat().st_mtime_ns
    wider = sim.sweep(SCENARIO, VARY | {"horizon.pulls": [20, 30, 40]}, swept.path, resume=True, report=False)
    assert len(wider.cells) == 6
    assert kept.stat().st_mtime_ns == before
    again = sim.sweep(SCENARIO, VARY, swept.path, resume=True, report=False)
    assert again.table.equals(swept.table)
    with pytest.raises(InputError, match="already holds a sweep"):
        sim.sweep(SCENARIO, VARY, swept.path)


def test_a_bad_cell_is_found_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cell horizon.pulls=-1: "):
        sim.sweep(SCENARIO, {"horizon.pulls": [5, -1]}, tmp_path / "bad")
    assert not (tmp_path / "bad").exists()
    with pytest.raises(ScenarioError):
        sim.sweep(SCENARIO | {"seed": "x"}, VARY, tmp_path / "bad")


def test_a_sweep_with_missing_cells_does_not_open(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="holds no sweep"):
        sim.Sweep.open(tmp_path)
    from sim.runs.sweeps.folder import SweepFolder
    from sim.runs.sweeps.grid import variations
    from sim.scenario import load

    SweepFolder(tmp_path / "begun").begin(load(SCENARIO), variations(VARY), resume=False)
    with pytest.raises(StorageError, match="4 cells of the sweep"):
        sim.Sweep.open(tmp_path / "begun")


def test_the_command_prints_each_cell(swept: sim.Sweep, tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(json.dumps(SCENARIO))
    words = (str(file), "--vary", "horizon.pulls=[20, 40]", "--workers", "1", "--quiet", "--no-report")
    done = command(*words, "--out", str(tmp_path / "grid"), "--json")
    assert done.exit_code == 0, done.output
    data = json.loads(done.stdout)
    assert [cell["values"] for cell in data["cells"]] == [{"horizon.pulls": "20"}, {"horizon.pulls": "40"}]
    assert data["decision"]["cells"] == 2
    assert data["cells"][0]["decision"]["outcome"] in {"switch", "keep", "undecided"}
    text = command(*words, "--out", str(tmp_path / "grid"), "--resume")
    assert "horizon.pulls" in text.stdout and "Largest mean" in text.stdout


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    file.write_text(json.dumps(SCENARIO))
    done = command(str(file), "--vary", "horizon.pulls=[20, 40]", "--out", str(tmp_path / "grid"), "--dry-run")
    assert done.exit_code == 0, done.output
    assert "2 cells" in done.stdout and "horizon.pulls=40" in done.stdout
    assert not (tmp_path / "grid").exists()


@pytest.mark.slow
def test_a_failed_check_of_a_cell_is_exit_code_1(tmp_path: Path) -> None:
    file = tmp_path / "tiny.yaml"
    check = {"metric": "regret", "policy": "uniform", "at_most": 0.5}
    file.write_text(json.dumps(SCENARIO | {"checks": [check]}))
    done = CliRunner().invoke(
        cli, ["sweep", str(file), "--vary", "horizon.pulls=[20]", "--out", str(tmp_path / "g"), "--no-report", "-q"]
    )
    assert isinstance(done.exception, sim.errors.CheckFailedError)
    assert "horizon.pulls=20: " in str(done.exception)


@pytest.mark.slow
def test_shards_make_the_sweep_of_one_process(swept: sim.Sweep, tmp_path: Path) -> None:
    parts = [sweep_shard(SCENARIO, VARY, Shard(index, 2), tmp_path / "grid", report=False) for index in (1, 1, 0)]
    assert parts[:2] == [4, 4]
    assert isinstance(parts[2], sim.Sweep)
    assert parts[2].table.equals(swept.table)


def test_the_command_takes_a_shard_and_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(load(SCENARIO).to_yaml())
    words = [
        str(tmp_path / "tiny.yaml"),
        "--vary",
        "horizon.pulls=[20]",
        "--out",
        str(tmp_path / "grid"),
        "--no-report",
    ]
    first = command(*words, "--shard", "2/2", "--workers", "1", "--json", "--quiet")
    assert json.loads(first.stdout)["incomplete_cells"] == 1
    assert command(*words, "--shard", "1/2", "--workers", "1", "--quiet").exit_code == 0
    assert (tmp_path / "grid" / "sweep.parquet").is_file()
