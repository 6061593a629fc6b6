"""`load` as a user meets it: a real run's tables in a warehouse, row for row."""

import json

import duckdb
import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

import sim
from sim.cli import exit_code
from sim.files import digest
from sim.runs.folders.run_folder import RunFolder
from sim.tables.send_log import sends_arrow
from sim.worlds.base import SendLog

pytestmark = pytest.mark.slow

SCENARIO = {
    "version": 1,
    "name": "tiny",
    "seed": 5,
    "replications": 3,
    "horizon": {"pulls": 300},
    "world": {"kind": "bernoulli", "means": [0.3, 0.5, 0.4]},
    "policies": ["wilson_sample", "uniform"],
}
CURVES, STATS, SENDS = "curves", "caption_bandit_stats", "mass_messages"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    run = sim.run(SCENARIO, out=tmp_path_factory.mktemp("runs") / "tiny", report=False)
    count = 50
    log = SendLog(
        row_id=np.arange(count),
        page=np.ones(count, np.int32),
        sending_time_us=1_735_689_600_000_000 + np.arange(count) * 3_600_000_000,
        price=np.where(np.arange(count) % 3 == 0, np.nan, 9.0),
        sent_count=np.full(count, 100),
        viewed_count=np.full(count, 7),
        purchased_count=np.ones(count),
        earnings=np.full(count, 9.0),
        message_type=np.zeros(count, np.int8),
        caption_id=np.arange(count) - 25,
        propensity=np.full(count, 0.5),
    )
    path = run.path / "sends" / "policy=uniform" / "replication=1.parquet"
    path.parent.mkdir(parents=True)
    pq.write_table(sends_arrow(log), path)
    list_in_manifest(run.path, path)
    return run


def list_in_manifest(folder, path):
    """Make a file part of the run, as if the run had written it."""
    run = RunFolder(folder)
    manifest, name = run.manifest(), path.relative_to(folder).as_posix()
    run.write_manifest({**manifest, "files": {**manifest["files"], name: digest(path)}})


def load(*arguments):
    return exit_code(["load", *map(str, arguments)])


def table(target, name):
    kind, place = target.split(":", 1)
    if kind == "parquet":
        return pl.read_parquet(f"{place}/{name}/*.parquet")
    with duckdb.connect(place, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return pl.from_arrow(connection.execute(f"SELECT * FROM {name}").to_arrow_table())


@pytest.mark.parametrize("kind", ["parquet", "duckdb"])
def test_statistics_sends_and_curves_arrive_row_for_row(run, kind, tmp_path, capsys):
    target = f"{kind}:{tmp_path / 'warehouse'}"
    assert load(run.path, "--to", target, "--policy", "uniform", "--replication", 1, "--json") == 0
    done = {one["table"]: one["rows"] for one in json.loads(capsys.readouterr().out)["tables"]}
    assert done == {STATS: 3, SENDS: 50, CURVES: run.curves.height}
    assert table(target, STATS).sort("caption_id").equals(run.stats("uniform", 1).sort("caption_id"))
    assert table(target, CURVES).equals(run.curves)
    sends = pl.read_parquet(run.path / "sends" / "policy=uniform" / "replication=1.parquet")
    assert table(target, SENDS).equals(sends.drop("propensity"))


def test_loading_again_changes_nothing_and_another_replication_wants_replace(run, tmp_path, capsys):
    target = f"duckdb:{tmp_path / 'warehouse.duckdb'}"
    common = ["--to", target, "--policy", "wilson_sample", "--table", STATS]
    assert load(run.path, *common) == 0
    assert load(run.path, *common) == 0
    assert "already held" in capsys.readouterr().out
    assert load(run.path, *common, "--replication", 2) == 2
    assert "--replace" in capsys.readouterr().err
    assert load(run.path, *common, "--replication", 2, "--replace") == 0
    assert table(target, STATS).sort("caption_id").equals(run.stats("wilson_sample", 2).sort("caption_id"))


def test_the_send_log_is_left_out_where_none_was_recorded(run, tmp_path, capsys):
    target = f"parquet:{tmp_path / 'warehouse'}"
    assert load(run.path, "--to", target, "--policy", "wilson_sample", "--json") == 0
    assert [one["table"] for one in json.loads(capsys.readouterr().out)["tables"]] == [STATS, CURVES]


def test_asking_only_for_a_send_log_that_was_not_recorded_is_an_error(run, tmp_path, capsys):
    target = f"parquet:{tmp_path / 'warehouse'}"
    assert load(run.path, "--to", target, "--policy", "wilson_sample", "--table", SENDS) == 3
    said = capsys.readouterr().err
    assert "no send log of wilson_sample" in said
    assert "record.sends=true" in said
    assert list(tmp_path.iterdir()) == []


def test_dry_run_writes_nothing(run, tmp_path, capsys):
    assert load(run.path, "--to", f"parquet:{tmp_path / 'a'}", "--policy", "uniform", "--dry-run") == 0
    assert "would load caption_bandit_stats" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_long_send_log_falls_into_parts(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sim.warehouse.load.run_tables.PART_ROWS", 20)
    path = run.path / "sends" / "policy=uniform" / "replication=2.parquet"
    log = pl.read_parquet(path.with_name("replication=1.parquet"))
    pq.write_table(log.to_arrow(), path, row_group_size=9)
    list_in_manifest(run.path, path)
    target = f"duckdb:{tmp_path / 'warehouse.duckdb'}"
    arguments = [run.path, "--to", target, "--policy", "uniform", "--replication", 2, "--table", SENDS, "--json"]
    assert load(*arguments) == 0
    assert json.loads(capsys.readouterr().out)["tables"][0]["parts"] == 2
    assert table(target, SENDS).sort("row_id").equals(log.drop("propensity"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--policy", "greedy"], 2, "wilson_sample, uniform"),
        ([], 2, "which policy"),
        (["--policy", "uniform", "--replication", "9"], 3, "replication=9.parquet"),
        (["--policy", "uniform", "--table", "hourly"], 2, "hourly"),
    ],
)
def test_what_is_not_there_is_said_clearly(run, arguments, code, said, tmp_path, capsys):
    assert load(run.path, "--to", f"parquet:{tmp_path / 'a'}", *arguments) == code
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_a_folder_without_a_run_a_damaged_file_and_a_csv_are_said_clearly(run, tmp_path, capsys):
    assert load(tmp_path, "--to", "parquet:a") == 3
    damaged = sim.run(SCENARIO, out=tmp_path / "damaged", report=False).path
    (damaged / "stats" / "policy=uniform" / "replication=0.parquet").write_text("caption_id,page_name\n1,page_0001\n")
    assert load(damaged, "--to", f"parquet:{tmp_path / 'a'}", "--policy", "uniform") == 3
    (damaged / "stats" / "policy=uniform" / "replication=0.parquet").write_bytes(b"PAR1")
    assert load(damaged, "--to", f"parquet:{tmp_path / 'a'}", "--policy", "uniform") == 3
    pl.DataFrame({"caption_id": [1]}).write_parquet(damaged / "stats" / "policy=uniform" / "replication=0.parquet")
    assert load(damaged, "--to", f"parquet:{tmp_path / 'a'}", "--policy", "uniform") == 3
    errors = capsys.readouterr().err
    assert errors.count("is damaged: its content does not match its digest") == 3
    assert "Traceback" not in errors


def test_production_is_refused_before_the_run_is_read(run, capsys):
    assert load(run.path, "--to", "bigquery:of-scheduler-proj.eros_scheduling_brain", "--policy", "uniform") == 5
    assert load(run.path, "--to", "bigquery:some-project.load_tests", "--policy", "uniform") == 5
    assert "production" in capsys.readouterr().err
