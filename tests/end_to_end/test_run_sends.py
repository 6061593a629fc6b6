"""The send log of a Bernoulli world as a user meets it: files of a run, a frame in Python, rows in a warehouse."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

import sim
from sim.cli import exit_code
from sim.runs.folders.run_folder import RunFolder
from sim.tables.send_log import arrow_schema

pytestmark = pytest.mark.slow

SCENARIO = """\
name: pulls
seed: 2
replications: 4
horizon: {pulls: 150}
world: {kind: bernoulli, means: [0.2, 0.6]}
policies: [uniform, wilson_sample]
record: {curve_points: 5}
"""
POLICIES = ("uniform", "wilson_sample")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    folder = tmp_path_factory.mktemp("sends")
    (folder / "pulls.yaml").write_text(SCENARIO)
    words = ["run", str(folder / "pulls.yaml"), "--set", "record.sends=true", "--out", str(folder / "run")]
    assert exit_code([*words, "--workers", "1", "--no-report", "--quiet"]) == 0
    return sim.load_run(folder / "run")


def logs(folder: Path) -> dict[str, pl.DataFrame]:
    return {str(path.relative_to(folder)): pl.read_parquet(path) for path in sorted(folder.glob("sends/*/*.parquet"))}


def test_every_replication_of_every_policy_has_its_file(run: sim.Run) -> None:
    names = [f"sends/policy={policy}/replication={number}.parquet" for policy in POLICIES for number in range(4)]
    found = logs(run.path)
    assert list(found) == names
    assert all(log.columns == arrow_schema().names for log in found.values())


def test_the_log_in_python_adds_up_to_the_tables(run: sim.Run) -> None:
    for policy, number, pulls, reward in run.replications.select("policy", "replication", "pulls", "reward").rows():
        log = run.sends(policy, number)
        assert log["sent_count"].sum() == log["viewed_count"].sum() == pulls
        assert log["purchased_count"].sum() == reward
        assert log["price"].null_count() == log["message"].null_count() == log["message_type"].null_count() == pulls
        assert log["propensity"].null_count() == 0
        counted = log.group_by("caption_id").agg(pl.len().cast(pl.Int64).alias("total_observations"))
        stats = run.stats(policy, number).select("caption_id", "total_observations")
        assert counted.sort("caption_id").equals(stats.sort("caption_id"))


def test_a_run_cut_short_and_two_workers_give_the_same_rows(run: sim.Run, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    scenario = run.path / "scenario.yaml"
    with pytest.raises(KeyboardInterrupt):
        sim.run(scenario, tmp_path / "cut", report=False, progress=stop)
    assert not RunFolder(tmp_path / "cut").complete
    cut = sim.run(scenario, tmp_path / "cut", report=False, resume=True)
    two = sim.run(scenario, tmp_path / "two", report=False, workers=2)
    for other in (cut, two):
        assert all(log.equals(logs(run.path)[name]) for name, log in logs(other.path).items())
        assert len(logs(other.path)) == 8


def test_the_log_loads_into_a_warehouse(run: sim.Run, tmp_path: Path) -> None:
    place = tmp_path / "warehouse.duckdb"
    words = ["load", str(run.path), "--to", f"duckdb:{place}", "--policy", "uniform", "--replication", "2", "--quiet"]
    assert exit_code(words) == 0
    with duckdb.connect(str(place), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        table = connection.execute("SELECT * FROM mass_messages ORDER BY row_id").to_arrow_table()
    assert pl.DataFrame(table).equals(run.sends("uniform", 2).drop("propensity"))


def test_a_report_is_made_beside_the_log(run: sim.Run) -> None:
    assert run.report().is_file()
