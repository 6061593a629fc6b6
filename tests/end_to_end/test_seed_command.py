"""`seed` as a user meets it: results, exit codes, what a kill leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import polars as pl
import pytest

from sim.backends.executor import ExecutorBackend
from sim.cli import exit_code

ROOT = Path(__file__).parents[2]
TABLE = "caption_bandit_stats"


def seed(*arguments):
    return exit_code(["seed", *arguments])


def rows_of(target):
    """All rows of a seeded target, in one order."""
    kind, place = target.split(":", 1)
    if kind == "parquet":
        frame = pl.read_parquet(f"{place}/{TABLE}/*.parquet")
    else:
        with duckdb.connect(place, read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            frame = pl.from_arrow(connection.execute(f"SELECT * FROM {TABLE}").to_arrow_table())
    return frame.sort("page_name", "caption_id")


@pytest.mark.slow
def test_the_same_seed_gives_the_same_rows_on_every_target_for_any_parts_and_workers(tmp_path, capsys):
    one, other, third = f"parquet:{tmp_path / 'a'}", f"parquet:{tmp_path / 'b'}", f"duckdb:{tmp_path / 'c.duckdb'}"
    assert seed("--rows", "20000", "--to", one, "--workers", "1") == 0
    assert seed("--rows", "20000", "--to", other, "--workers", "2", "--part-rows", "3000") == 0
    assert seed("--rows", "20000", "--to", third, "--part-rows", "7000") == 0
    assert rows_of(one).equals(rows_of(other))
    assert rows_of(one).equals(rows_of(third))
    assert "now holds 20,000 rows" in capsys.readouterr().out


@pytest.mark.slow
def test_json_says_what_was_loaded_and_repeating_it_loads_nothing(tmp_path, capsys):
    command = ["--rows", "5000", "--to", f"duckdb:{tmp_path / 'c.duckdb'}", "--json", "--quiet"]
    results = []
    for _ in range(2):
        assert seed(*command) == 0
        results.append(json.loads(capsys.readouterr().out))
    assert [result.pop("already") for result in results] == [False, True]
    assert all(result.pop("seconds") > 0 for result in results)
    assert results[0] == results[1]
    assert (results[0]["rows"], results[0]["distinct_keys"], results[0]["table"]) == (5000, 5000, TABLE)


def test_dry_run_writes_nothing_and_needs_no_leave(tmp_path, capsys):
    assert seed("--rows", "100000000", "--to", f"parquet:{tmp_path / 'a'}", "--dry-run", "--json") == 0
    planned = json.loads(capsys.readouterr().out)
    assert planned["rows"] == 100_000_000
    assert planned["parts"] == pytest.approx(100, abs=1)
    assert planned["estimated_bytes"] > 1e9
    assert seed("--rows", "10", "--to", "bigquery:some-project.load_tests", "--dry-run") == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_scenario_sets_the_figures(tmp_path):
    scenario = tmp_path / "s.yaml"
    scenario.write_text(
        "version: 1\nname: s\nseed: 1\nreplications: 1\nhorizon: {days: 10}\n"
        "world: {kind: traffic, bank: {captions: 40}}\npolicies: [wilson_sample]\n"
    )
    assert seed(str(scenario), "--rows", "4000", "--to", f"parquet:{tmp_path / 'a'}") == 0
    assert rows_of(f"parquet:{tmp_path / 'a'}")["page_name"].n_unique() > 50


@pytest.mark.slow
def test_full_ids_and_other_days(tmp_path):
    target = f"duckdb:{tmp_path / 'c.duckdb'}"
    assert seed("--rows", "3000", "--to", target, "--caption-ids", "full", "--until", "2024-03-01") == 0
    frame = rows_of(target)
    assert (frame["caption_id"].min(), frame["caption_id"].max()) == (-(2**63), 2**63 - 1)
    assert str(frame["last_updated"].dt.date().max()) == "2024-02-29"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--rows", "10", "--to", "csv:here"], 2, "invalid target"),
        (["--rows", "0", "--to", "parquet:here"], 2, "--rows"),
        (["--rows", "10", "--to", "parquet:here", "--used-once", "1.5"], 2, "--used-once: must"),
        (["nowhere.yaml", "--rows", "10", "--to", "parquet:here"], 2, "nowhere"),
        (["textbook", "--rows", "10", "--to", "parquet:here"], 2, "traffic world"),
        (["--rows", "10", "--to", "bigquery:some-project.load_tests"], 5, "--allow-write some-project.load_tests"),
        (["--rows", "10", "--to", "bigquery:of-scheduler-proj.eros_scheduling_brain"], 5, "production"),
        (["--rows", "10", "--to", "bigquery:of-scheduler-proj.eros_scheduling_brain", "--dry-run"], 5, "production"),
    ],
)
def test_what_cannot_be_ends_with_one_message_and_the_right_code(arguments, code, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if arguments[0] == "textbook":
        Path("textbook").write_text(
            "version: 1\nname: t\nseed: 1\nreplications: 1\nhorizon: {pulls: 10}\n"
            "world: {kind: bernoulli, means: [0.1, 0.2]}\npolicies: [uniform]\n"
        )
    assert seed(*arguments) == code
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert {path.name for path in tmp_path.iterdir()} <= {"textbook"}


def test_a_file_that_is_no_database_is_said_clearly(tmp_path, capsys):
    (tmp_path / "c.duckdb").write_text("caption_id,page_name\n1,page_0001\n" * 1000)
    assert seed("--rows", "10", "--to", f"duckdb:{tmp_path / 'c.duckdb'}") == 3
    assert "DuckDB" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["parquet:warehouse", "duckdb:warehouse.duckdb"])
@pytest.mark.slow
def test_a_killed_seed_continues_and_ends_the_same(place, tmp_path, capsys):
    target = place.replace("warehouse", str(tmp_path / "warehouse"))
    command = ["--rows", "400000", "--to", target, "--part-rows", "5000", "--workers", "1"]
    killed = subprocess.Popen([sys.executable, "-m", "sim", "seed", *command, "--quiet"], cwd=ROOT)
    deadline = time.monotonic() + 600
    while killed.poll() is None and time.monotonic() < deadline and _parts(target, tmp_path) < 3:
        time.sleep(0.005)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL, "it ended before it could be killed: raise --rows"
    assert seed(*command, "--json") == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 400_000
    reference = f"parquet:{tmp_path / 'reference'}"
    assert seed("--rows", "400000", "--to", reference) == 0
    assert rows_of(target).equals(rows_of(reference))
    assert [path for path in tmp_path.rglob("*") if ".part" in path.name or "staging" in path.name] == []


def _parts(target, folder):
    """Parts that have arrived so far; of a DuckDB file, which is locked, guessed from its growth."""
    if target.startswith("parquet"):
        return len(list(folder.glob("warehouse/.staging-*/part-*.parquet")))
    return sum(path.stat().st_size for path in folder.glob("warehouse.duckdb*") if path.is_file()) // 300_000


@pytest.mark.parametrize("place", ["parquet:warehouse", "duckdb:warehouse.duckdb"])
@pytest.mark.slow
def test_four_shards_equal_one_row_for_row(place, tmp_path, capsys):
    target = place.replace("warehouse", str(tmp_path / "warehouse"))
    command = ["--rows", "20000", "--part-rows", "2000", "--workers", "1", "--quiet"]
    for shard, missing in (("3/4", 7), ("3/4", 7), ("1/4", 4), ("4/4", 2)):
        assert seed(*command, "--to", target, "--shard", shard, "--json") == 0
        assert json.loads(capsys.readouterr().out)["missing_parts"] == missing
    assert seed(*command, "--to", target, "--shard", "2/4") == 0
    assert "now holds 20,000 rows" in capsys.readouterr().out
    reference = f"parquet:{tmp_path / 'reference'}"
    assert seed(*command, "--to", reference) == 0
    assert rows_of(target).equals(rows_of(reference))
    capsys.readouterr()
    assert seed(*command, "--to", target, "--shard", "3/4") == 0  # repeated after the end
    assert "already held" in capsys.readouterr().out
    assert [path for path in tmp_path.rglob("*") if "staging" in path.name] == []


@pytest.mark.long
def test_shards_at_once_publish_once(tmp_path):
    command = ["--rows", "60000", "--part-rows", "2000", "--to", f"parquet:{tmp_path / 'a'}", "--quiet"]
    shards = [
        subprocess.Popen([sys.executable, "-m", "sim", "seed", *command, "--workers", "1", "--shard", shard], cwd=ROOT)
        for shard in ("1/2", "2/2", "2/2")  # one of them twice
    ]
    assert [shard.wait(timeout=600) for shard in shards] == [0, 0, 0]
    assert seed("--rows", "60000", "--to", f"parquet:{tmp_path / 'b'}") == 0
    assert rows_of(f"parquet:{tmp_path / 'a'}").equals(rows_of(f"parquet:{tmp_path / 'b'}"))


@pytest.mark.parametrize("collect", [(), ("--collect",)])
def test_shards_on_a_backend_equal_one_row_for_row(collect, tmp_path, capsys, monkeypatch):
    """Each shard's parts go to a backend, here threads in place of a cluster."""
    with ThreadPoolExecutor(2) as executor:
        backend = ExecutorBackend(executor)
        monkeypatch.setattr("sim.commands.options.backend_named", lambda name, options: backend)
        command = ["--rows", "8000", "--part-rows", "1000", "--quiet"]
        target = f"parquet:{tmp_path / 'a'}"
        for shard in ("2/3", "2/3", "3/3", "1/3"):
            assert seed(*command, "--to", target, "--shard", shard, "--backend", "dask", *collect) == 0
    assert "now holds 8,000 rows" in capsys.readouterr().out
    assert seed("--rows", "8000", "--to", f"parquet:{tmp_path / 'b'}", "--workers", "1") == 0
    assert rows_of(target).equals(rows_of(f"parquet:{tmp_path / 'b'}"))
    assert {path.suffix for path in (tmp_path / "a" / TABLE).iterdir()} == {".parquet"}


@pytest.mark.long
def test_shards_on_a_cluster_equal_one_row_for_row(tmp_path, capsys):
    pytest.importorskip("distributed", reason="the extra `dask` is not installed")
    from sim.backends.dask import _local_cluster

    command = ["--rows", "60000", "--part-rows", "2000", "--quiet"]
    with _local_cluster(2) as cluster:
        options = ["--backend", "dask", "--scheduler", cluster.scheduler_address]
        for shard in ("2/2", "2/2", "1/2"):
            assert seed(*command, "--to", f"parquet:{tmp_path / 'a'}", "--shard", shard, *options) == 0
    assert seed(*command, "--to", f"parquet:{tmp_path / 'b'}") == 0
    assert rows_of(f"parquet:{tmp_path / 'a'}").equals(rows_of(f"parquet:{tmp_path / 'b'}"))
