"""Publishing into BigQuery: two loads at once, rows that only a query sees, locations, expiry, slow polls."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from sim.cli import exit_code
from sim.errors import InputError, RemoteError
from sim.seeding import SeedPlan
from sim.seeding.loads import seed_load
from sim.warehouse.base import STATS, TargetSpec
from sim.warehouse.bigquery import client as client_module
from sim.warehouse.bigquery.lease import lease
from sim.warehouse.guard import WritePermission
from sim.warehouse.load.loading import load
from sim.warehouse.targets import open_target

pytestmark = pytest.mark.slow

ROWS = 2_000
PLAN = SeedPlan(ROWS)
SEED = ["seed", "--rows", str(ROWS), "--part-rows", "1000", "--workers", "1", "--quiet"]


def opened(dataset):
    permission = WritePermission(*dataset.name.split("."))
    return open_target(TargetSpec("bigquery", dataset.name), permission=permission)


def held(dataset):
    """Rows and distinct keys of the table."""
    [row] = dataset.rows(
        f"SELECT COUNT(*), COUNT(DISTINCT CONCAT(page_name, '/', CAST(caption_id AS STRING))) FROM {{d}}.{STATS}"
    )
    return row


def tables(dataset):
    return {table.table_id for table in dataset.client.list_tables(dataset.name)}


def test_two_commands_at_once_leave_the_rows_of_one(dataset, faults):
    environment = os.environ | {"BIGQUERY_EMULATOR_HOST": f"http://127.0.0.1:{faults.port}"}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "sim", *SEED, "--seed", str(seed), *dataset.arguments],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for seed in (1, 2, 3)
    ]  # fmt: skip
    errors = [one.communicate(timeout=300)[1] for one in started]
    codes = sorted(one.returncode for one in started)
    assert codes[0] == 0, errors
    assert set(codes[1:]) <= {2, 4}, errors
    assert held(dataset) == (ROWS, ROWS)
    assert "Traceback" not in "".join(errors)


@pytest.mark.long
def test_rows_published_by_another_load_meanwhile_are_not_doubled(dataset, faults):
    def meanwhile(done, folder):
        yield from seed_load(PLAN).write(done, folder)
        with opened(dataset) as other:
            load(other, [seed_load(replace(PLAN, seed=9))])

    with opened(dataset) as target, pytest.raises(InputError, match="not empty"):
        load(target, [replace(seed_load(PLAN), write=meanwhile)])
    assert held(dataset) == (ROWS, ROWS)


@pytest.mark.long
def test_the_same_load_run_twice_at_once_is_loaded_once(dataset, faults):
    def meanwhile(done, folder):
        with opened(dataset) as other:
            load(other, [seed_load(PLAN)])
        yield from seed_load(PLAN).write(done, folder)

    with opened(dataset) as target:
        [loaded] = load(target, [replace(seed_load(PLAN), write=meanwhile)])
    assert loaded.rows == ROWS
    assert held(dataset) == (ROWS, ROWS)


@pytest.mark.long
def test_rows_written_by_another_program_just_after_publishing_are_noticed(dataset, faults):
    """The seeded mistake: somebody appends a row between publishing and the comparison."""
    row = f"INSERT INTO `{dataset.name}.{STATS}` (caption_id, page_name) VALUES (1, 'mine')"

    def append(content):
        dataset.client.query_and_wait(row)
        return content

    faults.rewrites.append((r"DELETE .*/tables/_lease_", append))
    with opened(dataset) as target, pytest.raises(RemoteError, match="does not hold what was loaded"):
        load(target, [seed_load(PLAN)])


def test_rows_that_the_metadata_does_not_count_are_not_appended_to(dataset, faults, capsys):
    """Rows of the streaming buffer: numRows is 0, a query sees them."""
    assert exit_code(["deploy", *dataset.arguments]) == 0
    dataset.client.query_and_wait(f"INSERT INTO `{dataset.name}.{STATS}` (caption_id, page_name) VALUES (1, 'mine')")
    faults.rewrites.append(
        (r"GET .*/tables/", lambda content: re.sub(rb'"numRows": ?"\d+"', b'"numRows":"0"', content))
    )
    assert exit_code([*SEED, *dataset.arguments]) == 2
    assert "already holds 1 other rows" in capsys.readouterr().err
    assert held(dataset) == (1, 1)


def test_a_table_with_other_columns_is_refused_and_one_with_more_is_filled(dataset, faults, capsys):
    path = f"`{dataset.name}.{STATS}`"
    dataset.client.query_and_wait(f"CREATE TABLE {path} (caption_id STRING, page_name STRING)")
    assert exit_code([*SEED, *dataset.arguments]) == 2
    assert "caption_id is STRING instead of INT64; successes is missing" in capsys.readouterr().err
    assert tables(dataset) == {STATS}
    dataset.client.query_and_wait(f"DROP TABLE {path}")
    assert exit_code(["deploy", *dataset.arguments]) == 0
    dataset.client.query_and_wait(f"ALTER TABLE {path} ADD COLUMN note STRING")
    assert exit_code([*SEED, *dataset.arguments]) == 0
    assert dataset.rows(f"SELECT COUNT(*), COUNT(note) FROM {path}") == [(ROWS, 0)]


def _without_rows(content):
    return re.sub(rb'"numRows": ?"\d+"', b'"numRows":"0"', content)


@pytest.mark.long
def test_a_lease_of_another_load_stops_publishing_and_an_own_one_does_not(dataset, faults, capsys):
    with opened(dataset) as target:
        inner = target.staging(STATS, "load-1")
        with lease(inner._client, STATS, "another-load"):
            assert exit_code([*SEED, *dataset.arguments]) == 4
            assert "another-load is being published" in capsys.readouterr().err
            assert f"_lease_{STATS}" in tables(dataset)
        load_id = f"seed-{PLAN.digest}-1000"
        # As a killed process leaves it:
        dataset.client.create_table(_left_lease(dataset, load_id))
    assert exit_code([*SEED, *dataset.arguments]) == 0
    assert held(dataset) == (ROWS, ROWS)
    assert f"_lease_{STATS}" not in tables(dataset)


def _left_lease(dataset, load_id):
    from google.cloud import bigquery

    table = bigquery.Table(f"{dataset.name}._lease_{STATS}", schema=[bigquery.SchemaField("holder", "STRING")])
    table.labels = {"load": load_id}
    table.expires = datetime.now(UTC) + timedelta(minutes=60)
    return table


def test_a_staging_table_deletes_itself(dataset, faults):
    with opened(dataset) as target:
        target.staging(STATS, "load-1")
        [name] = tables(dataset)
        expires = dataset.client.get_table(f"{dataset.name}.{name}").expires
    assert timedelta(days=6) < expires - datetime.now(UTC) < timedelta(days=8)


@pytest.mark.long
def test_a_published_table_does_not_expire(dataset, faults):
    for extra in ([], ["--seed", "8", "--replace"]):
        assert exit_code([*SEED, *dataset.arguments, *extra]) == 0
        assert dataset.client.get_table(f"{dataset.name}.{STATS}").expires is None


@pytest.mark.long
def test_jobs_are_looked_up_in_the_location_of_the_dataset(dataset, faults):
    """A regional dataset: without its location a job is not found, so a lost answer would end the load."""
    faults.rewrites.append((r"GET .*/datasets/[^/?]+(\?|$)", lambda content: _in_location(content, b"europe-west3")))
    faults.plan(r"GET .*/jobs/(?!.*location=europe-west3)", 404, times=10_000)
    faults.plan(r"PUT /upload/", "lose")
    faults.plan(r"POST /bigquery/v2/projects/[^/]+/jobs\?", "lose")
    assert exit_code([*SEED, *dataset.arguments]) == 0
    assert faults.count(r"GET .*/jobs/.*location=europe-west3") >= 2
    assert held(dataset) == (ROWS, ROWS)


def _in_location(content, location):
    return re.sub(rb'"location": ?"[^"]*"', b'"location":"' + location + b'"', content)


def test_a_query_survives_polls_that_fail_and_hang(dataset, faults, monkeypatch):
    monkeypatch.setattr(client_module, "DEADLINE_SECONDS", 1.0)
    faults.rewrites.append((r"POST .*/jobs", lambda content: content.replace(b'"DONE"', b'"RUNNING"')))
    polls = r"GET .*/jobs/"
    for kind in ("hang", 503, "drop", "hang"):
        faults.plan(polls, kind)
    with opened(dataset) as target:
        assert target.query("SELECT 7 AS seven").to_pylist() == [{"seven": 7}]
    assert faults.count(polls) >= 5


class EndlessJob:
    """A job that never ends; `reload` answers, or raises what it is told."""

    state, error_result = "RUNNING", None

    def __init__(self, raises=None):
        self.raises, self.polls, self.cancelled = raises, 0, False

    def reload(self, **options):
        self.polls += 1
        if self.raises:
            raise self.raises

    def cancel(self, **options):
        self.cancelled = True


@pytest.mark.parametrize("silent", [False, True])
def test_a_job_that_does_not_end_is_given_up(dataset, faults, monkeypatch, silent):
    monkeypatch.setattr(client_module, "JOB_SECONDS", 0.3)
    monkeypatch.setattr(client_module, "SILENCE_SECONDS", 0.2)
    job = EndlessJob(TimeoutError("no answer") if silent else None)
    with opened(dataset) as target, pytest.raises(TimeoutError if silent else RemoteError):
        target.staging(STATS, "load-1")._client.wait(job)
    assert job.polls > 1
    assert job.cancelled is not silent


@pytest.mark.long
def test_the_totals_of_the_server_are_those_of_the_file(dataset, faults, tmp_path):
    """All columns, with NULLs: the checksum in BigQuery's SQL equals the compiled twin."""
    assert exit_code([*SEED, *dataset.arguments, "--caption-ids", "full"]) == 0
    dataset.client.query_and_wait(
        f"UPDATE `{dataset.name}.{STATS}` SET exploration_score = NULL, confidence_lower_bound = 0 WHERE successes > 1"
    )
    query = f"SELECT * FROM `{dataset.name}.{STATS}`"
    frame = pl.from_arrow(dataset.client.query_and_wait(query).to_arrow(create_bqstorage_client=False))
    frame.write_parquet(tmp_path / "part.parquet")
    from sim.warehouse.load.checksum import stats_totals

    with opened(dataset) as target:
        assert target.totals(STATS) == stats_totals(tmp_path / "part.parquet")
    assert exit_code([*SEED, *dataset.arguments, "--caption-ids", "full"]) == 2  # not "already held"
