"""Seed and load over BigQuery's protocol: a real server, the official client, load jobs; then with faults between them.

Whatever happens on the way, the table holds every row once or is left as it was.
"""

import json
import random

import numpy as np
import polars as pl
import pytest

import sim
from sim.cli import exit_code
from sim.seeding import SeedPlan
from sim.seeding.writing import batch

pytestmark = pytest.mark.slow

ROWS = 8_000
PARTS = len(SeedPlan(ROWS).parts(2_000))
SEED = ["seed", "--rows", str(ROWS), "--part-rows", "2000", "--workers", "1", "--quiet"]
BEGIN = r"POST /upload/"  # an upload is announced, and then sent
UPLOAD = r"PUT /upload/"
INSERT = r"POST /bigquery/v2/projects/[^/]+/jobs\?"


@pytest.fixture(scope="module")
def made():
    plan = SeedPlan(ROWS)
    frame = pl.from_arrow(batch(plan, range(plan.pages))).with_columns(pl.col("page_name").cast(pl.String))
    return frame.sort("page_name", "caption_id")


def held(dataset, table="caption_bandit_stats"):
    query = f"SELECT * FROM `{dataset.name}.{table}`"
    return pl.from_arrow(dataset.client.query_and_wait(query).to_arrow(create_bqstorage_client=False))


def assert_holds(dataset, made):
    """Every row once, every bit."""
    assert held(dataset).sort("page_name", "caption_id").equals(made)


def tables(dataset):
    return {table.table_id for table in dataset.client.list_tables(dataset.name)}


def test_a_seed_arrives_bit_for_bit_and_again_loads_nothing(dataset, faults, made):
    assert exit_code([*SEED, *dataset.arguments]) == 0
    assert_holds(dataset, made)
    uploads = faults.count(UPLOAD)
    assert uploads == PARTS + 1  # and the manifest
    assert exit_code([*SEED, *dataset.arguments]) == 0
    assert faults.count(UPLOAD) == uploads
    assert_holds(dataset, made)
    assert tables(dataset) == {"caption_bandit_stats", "caption_sim_loads"}  # no staging is left


@pytest.mark.long
def test_the_table_keeps_modes_key_partition_and_clustering(dataset, faults):
    for extra in ([], ["--seed", "8", "--replace"]):
        assert exit_code([*SEED, *dataset.arguments, *extra]) == 0
        table = dataset.client.get_table(f"{dataset.name}.caption_bandit_stats")
        assert [field.name for field in table.schema if field.mode == "REQUIRED"] == ["caption_id", "page_name"]
        assert table.table_constraints.primary_key.columns == ["caption_id", "page_name"]
        assert (table.time_partitioning.field, table.time_partitioning.type_) == ("last_updated", "DAY")
        assert table.clustering_fields == ["page_name", "caption_id", "last_used"]
    assert held(dataset).height == ROWS


@pytest.mark.long
def test_other_rows_stay_unless_replaced(dataset, faults, made, capsys):
    assert exit_code([*SEED, *dataset.arguments]) == 0
    assert exit_code([*SEED, *dataset.arguments, "--seed", "8"]) == 2
    assert "--replace" in capsys.readouterr().err
    assert_holds(dataset, made)


def test_full_range_ids_pass_through_exactly(dataset, faults):
    assert exit_code([*SEED, *dataset.arguments, "--caption-ids", "full"]) == 0
    [(low, high, distinct)] = dataset.rows(
        "SELECT MIN(caption_id), MAX(caption_id), COUNT(DISTINCT caption_id) FROM {d}.caption_bandit_stats"
    )
    assert (low, high, distinct) == (-(2**63), 2**63 - 1, ROWS)


def test_deploy_seed_load_verify(dataset, faults, tmp_path, capsys):
    assert exit_code(["deploy", *dataset.arguments]) == 0
    assert exit_code([*SEED, *dataset.arguments]) == 0
    capsys.readouterr()
    command = ["verify", "--to", dataset.target, "--rows", "2000", "--draws", "1000", "--as-of", "latest", "--json"]
    assert exit_code(command) in (0, 1)
    checks = json.loads(capsys.readouterr().out)["results"]
    # local-bigquery 0.4 keeps defaults but does not report them; everything else must hold.
    assert {one["check"] for one in checks if one["status"] == "fail"} <= {"table_defaults"}
    assert sum(one["status"] == "pass" for one in checks) > 30
    scenario = {
        "version": 1,
        "name": "tiny",
        "seed": 5,
        "replications": 2,
        "horizon": {"pulls": 300},
        "world": {"kind": "bernoulli", "means": [0.3, 0.5, 0.4]},
        "policies": ["wilson_sample"],
    }
    run = sim.run(scenario, out=tmp_path / "run", report=False)
    assert exit_code(["load", str(run.path), *dataset.arguments, "--replace"]) == 0
    assert held(dataset).sort("caption_id").equals(run.stats("wilson_sample", 0).sort("caption_id"))
    assert held(dataset, "curves").sort("replication", "at").equals(run.curves.drop_nulls().sort("replication", "at"))


@pytest.mark.long
def test_what_was_deployed_twice_and_loaded_verifies(dataset, faults, tmp_path, capsys):
    for _ in range(2):
        assert exit_code(["deploy", *dataset.arguments]) == 0
    world = {"kind": "bernoulli", "means": [0.1, 0.2]}
    scenario = {"name": "own", "replications": 1, "horizon": {"pulls": 100}, "world": world, "policies": ["uniform"]}
    run = sim.run(scenario, out=tmp_path / "run", report=False)
    assert exit_code(["load", str(run.path), *dataset.arguments]) == 0
    capsys.readouterr()
    command = ["verify", "--to", dataset.target, "--rows", "1000", "--draws", "1000", "--as-of", "latest", "--json"]
    assert exit_code([*command, "--quiet"]) in (0, 1)
    checks = json.loads(capsys.readouterr().out)["results"]
    # local-bigquery 0.4 keeps defaults but does not report them; everything else must hold.
    assert {one["check"] for one in checks if one["status"] in {"fail", "error"}} <= {"table_defaults"}
    # No candidate is deployed.
    assert [one["status"] for one in checks if one["check"].startswith("identity_")] == ["pass", "pass", "skip"]


def test_trouble_of_the_service_is_no_fault_of_the_data(dataset, faults, tmp_path, capsys):
    assert exit_code(["deploy", *dataset.arguments]) == 0
    junit = tmp_path / "verify.xml"
    command = ["verify", "--to", dataset.target, "--rows", "100", "--draws", "1000", "--quiet", "--json"]
    faults.plan(r"GET .*/routines/", 403, times=100)
    capsys.readouterr()
    assert exit_code([*command, "--junit", str(junit)]) == 4
    checks = {one["check"]: one["status"] for one in json.loads(capsys.readouterr().out)["results"]}
    assert checks["identity_bounds"] == checks["sample_uniform"] == "error"
    assert checks["table_columns"] == "pass"
    assert "<error" in junit.read_text()


def test_a_mistyped_dataset_is_an_error_of_the_service(faults, capsys):
    assert exit_code(["verify", "--to", "bigquery:test-project.absent", "--quiet", "--json"]) == 4
    said = capsys.readouterr()
    assert "does not exist" in said.out
    assert "Traceback" not in said.err


PASSING = [429, 503, "drop", "lose"]
REQUESTS = {
    "begin": BEGIN,
    "upload": UPLOAD,
    "job": INSERT,
    "poll": r"GET .*/queries/",
    "table": r"GET .*/tables/",
    "delete": "DELETE ",
}
USUAL = {("job", "lose")}


def passing_faults():
    """Every request with every passing fault; the usual ones by default, all of them in the long suite."""
    for where in REQUESTS:
        for kind in PASSING:
            marks = [] if (where, kind) in USUAL else [pytest.mark.long]
            yield pytest.param(where, kind, marks=marks, id=f"{where}-{kind}")


@pytest.mark.parametrize(("where", "kind"), list(passing_faults()))
def test_a_passing_fault_anywhere_loses_nothing_and_doubles_nothing(dataset, faults, made, where, kind):
    faults.plan(REQUESTS[where], kind, times=2)
    assert exit_code([*SEED, *dataset.arguments]) == 0
    assert faults.count(REQUESTS[where], kind) == 2
    assert_holds(dataset, made)
    assert tables(dataset) == {"caption_bandit_stats", "caption_sim_loads"}


@pytest.mark.long
def test_a_lost_answer_is_looked_up_even_when_looking_up_fails_at_first(dataset, faults, made):
    faults.plan(UPLOAD, "lose")
    faults.plan(r"GET .*/jobs/", 503, times=2)
    assert exit_code([*SEED, *dataset.arguments]) == 0
    assert faults.count(r"GET .*/jobs/", 503) == 2
    assert_holds(dataset, made)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.long
def test_in_a_storm_of_faults_repeating_the_command_gets_every_row_there_once(dataset, faults, made, seed):
    generator = random.Random(seed)
    faults.storm = (generator, 0.3)
    codes = []
    while len(codes) < 12 and codes[-1:] != [0]:
        codes.append(exit_code([*SEED, *dataset.arguments]))
    assert codes[-1] == 0
    assert set(codes) <= {0, 4}
    assert faults.count(".", *PASSING) > 3
    assert_holds(dataset, made)


@pytest.mark.long
def test_an_interrupted_load_continues_where_it_stopped(dataset, faults, made):
    """The third part is refused for good; the next time only what is missing goes over the wire."""
    stop = {"refused": False}
    choose = faults.choose

    def refuse_third(request):
        third = request.startswith("PUT /upload") and faults.count(UPLOAD) == 2
        if third and not stop["refused"]:
            stop["refused"] = True
            faults.plan(UPLOAD, 403)
        return choose(request)

    faults.choose = refuse_third
    assert exit_code([*SEED, *dataset.arguments]) == 4
    assert "caption_bandit_stats" not in tables(dataset)
    before = faults.count(UPLOAD)
    assert exit_code([*SEED, *dataset.arguments]) == 0
    assert faults.count(UPLOAD) - before == PARTS - 2 + 1
    assert_holds(dataset, made)


@pytest.mark.parametrize("status", [400, 403])
@pytest.mark.parametrize("where", [UPLOAD, INSERT, r"GET .*/tables/"])
def test_a_permanent_error_is_not_tried_again(dataset, faults, status, where, capsys):
    faults.plan(where, status, times=100)
    assert exit_code([*SEED, *dataset.arguments]) == 4
    assert faults.count(where, status) == 1
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) <= 2
    assert "Traceback" not in error


@pytest.mark.parametrize("where", [INSERT, r"GET .*/tables/"])
@pytest.mark.parametrize("kind", [503, "drop", "hang"])
@pytest.mark.long
def test_a_fault_that_stays_is_tried_a_few_times(dataset, faults, kind, where, capsys):
    faults.plan(where, kind, times=10_000)
    assert exit_code([*SEED, *dataset.arguments]) == 4
    assert 1 < faults.count(where, kind) < 30  # 0.2 s between two tries, then longer, for 10 s
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.long
def test_a_port_where_nobody_listens_ends_in_a_message(monkeypatch, capsys):
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", "http://127.0.0.1:9")
    monkeypatch.setenv("CAPTION_SIM_ALLOW_WRITE", "test-project.nobody")
    assert exit_code([*SEED, "--to", "bigquery:test-project.nobody", "--allow-write", "test-project.nobody"]) == 4
    assert "reachable" in capsys.readouterr().err


def test_a_dataset_that_is_not_there_is_said_clearly(faults, monkeypatch, capsys):
    monkeypatch.setenv("CAPTION_SIM_ALLOW_WRITE", "test-project.absent")
    assert exit_code([*SEED, "--to", "bigquery:test-project.absent", "--allow-write", "test-project.absent"]) == 4
    assert "absent" in capsys.readouterr().err


def test_nothing_goes_over_the_wire_without_leave(dataset, faults):
    assert exit_code([*SEED, "--to", dataset.target]) == 5
    assert exit_code([*SEED, "--to", dataset.target, "--allow-write", "test-project.other"]) == 5
    assert exit_code([*SEED, "--to", "bigquery:of-scheduler-proj.eros_scheduling_brain"]) == 5
    assert faults.seen == []


@pytest.mark.long
def test_a_million_rows(dataset, faults):
    command = ["seed", "--rows", "1000000", "--part-rows", "200000", "--quiet", *dataset.arguments]
    assert exit_code(command) == 0
    frame = held(dataset)
    assert frame.height == 1_000_000
    assert frame.select("caption_id", "page_name").is_unique().all()
    assert np.all(
        frame["successes"].to_numpy() + frame["failures"].to_numpy() - 2 == frame["total_observations"].to_numpy()
    )
