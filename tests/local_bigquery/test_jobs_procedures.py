"""The jobs as stored procedures and scripts on a BigQuery server, over the protocol."""

import signal
import subprocess
import sys
import threading
import time

import pytest

from sim.cli import exit_code
from sim.warehouse.jobs import TABLES, jobs
from sim.warehouse.targets import open_target, parse_target

pytestmark = pytest.mark.slow

START = "2025-01-06 00:00:00 UTC"
START_US = 1_736_121_600_000_000
DAY_US = 86_400_000_000
UPDATE = "update_caption_bandit_stats"
# (row, page, hours after START, purchases, earnings, caption): EMVs 0, 0.3, 0.9 of page_0001, its median 0.3.
MESSAGES = [
    (1, "page_0001", 1, "0", "0", "1"),
    (2, "page_0001", 2, "1", "9", "1"),
    (3, "page_0001", 3, "3", "9", "2"),
    (4, "page_0001", 4, "NULL", "NULL", "2"),
    (5, "page_0002", 5, "2", "9", "NULL"),
]


@pytest.fixture
def deployed(dataset, faults):
    assert exit_code(["deploy", *dataset.arguments, "--jobs"]) == 0
    rows = ", ".join(
        f"({row}, '{page}', TIMESTAMP_ADD(TIMESTAMP '{START}', INTERVAL {hours} HOUR), 1000, 30, {sold}, {earned}, {one})"  # noqa: E501
        for row, page, hours, sold, earned, one in MESSAGES
    )
    dataset.client.query_and_wait(
        f"INSERT INTO `{dataset.name}.mass_messages` (row_id, page_name, sending_time, sent_count, viewed_count,"
        f" purchased_count, earnings, caption_id) VALUES {rows}"
    )
    return dataset


def job(dataset, name, day, *options):
    now = ["--set", f"now_us={START_US + day * DAY_US}"]
    return exit_code(["job", name, *dataset.arguments, *now, *options, "--quiet"])


def stats(dataset):
    return dataset.rows(
        "SELECT page_name, caption_id, successes, failures, total_observations, total_revenue, performance_percentile"
        " FROM {d}.caption_bandit_stats ORDER BY 1, 2"
    )


EXPECTED = [("page_0001", 1, 1, 3, 2, 9.0, 0), ("page_0001", 2, 2, 1, 2, 9.0, 100)]


def test_tables_and_procedures_are_there_and_kept_the_second_time(deployed, capsys):
    for table in TABLES:
        deployed.client.get_table(f"{deployed.name}.{table}")
    for name in jobs():
        assert deployed.client.get_routine(f"{deployed.name}.{name}").type_ == "PROCEDURE"
    assert exit_code(["deploy", *deployed.arguments, "--jobs"]) == 0
    assert exit_code(["deploy", "--to", deployed.target, "--jobs", "--plan"]) == 0


@pytest.mark.long
def test_another_procedure_of_that_name_is_kept_unless_replaced(deployed, capsys):
    deployed.client.query_and_wait(
        f"CREATE OR REPLACE PROCEDURE `{deployed.name}.expire`(arg_now_us INT64, arg_keep_days FLOAT64)"
        " BEGIN SELECT 1; END"
    )
    assert exit_code(["deploy", *deployed.arguments, "--jobs"]) == 1
    assert "expire" in capsys.readouterr().err
    assert exit_code(["deploy", *deployed.arguments, "--jobs", "--replace"]) == 0
    assert exit_code(["deploy", "--to", deployed.target, "--jobs", "--plan"]) == 0


@pytest.mark.long
def test_the_update_counts_each_message_once(deployed):
    assert [job(deployed, UPDATE, day) for day in (1, 1, 2)] == [0, 0, 0]
    assert stats(deployed) == EXPECTED


def test_the_procedure_is_the_same_job(deployed):
    for _ in range(2):
        deployed.client.query_and_wait(f"CALL `{deployed.name}.{UPDATE}`({START_US + DAY_US}, 0.0, 30.0, 0)")
    assert stats(deployed) == EXPECTED


def rows_and_keys(dataset):
    """Rows of the table, and different keys among them."""
    return dataset.rows(
        "SELECT COUNT(*), COUNT(DISTINCT CONCAT(page_name, '/', CAST(caption_id AS STRING)))"
        " FROM {d}.caption_bandit_stats"
    )


def at_once(dataset, call):
    """Call a procedure three times at once; how each call ended."""
    from google.api_core.exceptions import GoogleAPICallError

    barrier, ended = threading.Barrier(3), []

    def run():
        barrier.wait()
        try:
            dataset.client.query_and_wait(call)
            ended.append("done")
        except GoogleAPICallError as error:
            ended.append(str(error))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return ended


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.long)])
def test_runs_at_once_count_and_log_each_message_once(deployed, rounds):
    for _ in range(rounds):
        for name, table, rows, arguments in (
            (UPDATE, "caption_bandit_stats", 2, "0.0, 30.0, 0"),
            ("log_observations", "caption_observations", 4, "0.0"),
        ):
            deployed.client.query_and_wait(f"DELETE FROM `{deployed.name}.{table}` WHERE TRUE")
            ended = at_once(deployed, f"CALL `{deployed.name}.{name}`({START_US + DAY_US}, {arguments})")
            assert "done" in ended, ended
            assert deployed.rows(f"SELECT COUNT(*) FROM {{d}}.{table}") == [(rows,)]
        assert stats(deployed) == EXPECTED


def test_a_key_that_is_there_twice_is_kept_once(deployed):
    assert job(deployed, UPDATE, 1) == 0
    table = f"`{deployed.name}.caption_bandit_stats`"
    deployed.client.query_and_wait(f"INSERT INTO {table} SELECT * FROM {table}")
    assert rows_and_keys(deployed) == [(4, 2)]
    assert job(deployed, UPDATE, 1) == 0
    assert stats(deployed) == EXPECTED


@pytest.mark.parametrize(
    ("kind", "whole"),
    [("hang", False), ("withhold", True)],
    ids=["before the server has the job", "while the job runs"],
)
def test_a_run_killed_half_way_has_happened_whole_or_not_at_all(deployed, faults, kind, whole):
    request = r"POST /bigquery/v2/projects/[^/]+/jobs"
    faults.plan(request, kind)
    now = f"now_us={START_US + DAY_US}"
    command = [sys.executable, "-m", "sim", "job", UPDATE, *deployed.arguments, "--set", now, "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while faults.count(request, kind) == 0 and process.poll() is None:
            time.sleep(0.05)
        process.kill()
    assert process.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 60
    while whole and rows_and_keys(deployed) == [(0, 0)] and time.monotonic() < deadline:
        time.sleep(0.2)  # the server goes on without its client
    assert rows_and_keys(deployed) == [(2, 2) if whole else (0, 0)]
    assert job(deployed, UPDATE, 1) == 0
    assert stats(deployed) == EXPECTED


@pytest.mark.long
def test_a_lost_answer_or_a_dropped_connection_counts_nothing_twice(deployed, faults):
    for kind in ("lose", 503, "drop"):
        faults.plan(r"POST /bigquery/v2/projects/[^/]+/jobs\?", kind)
        assert job(deployed, UPDATE, 1) in (0, 4)
    assert job(deployed, UPDATE, 1) == 0
    assert stats(deployed) == EXPECTED


@pytest.mark.long
def test_every_other_job_runs(deployed, capsys):
    deployed.client.query_and_wait(
        f"INSERT INTO `{deployed.name}.caption_bank` (caption_id, price_tier, active)"
        " VALUES (1, 'budget', TRUE), (2, 'mid', NULL), (3, 'bump', FALSE)"
    )
    assert job(deployed, UPDATE, 1) == 0
    for name, options in (
        ("select_captions", ["--set", "cool_down_days=0"]),
        ("log_observations", ["--set", "settle_hours=0"]),
        ("backup", []),
        ("expire", ["--set", "keep_days=0.5"]),
    ):
        assert [job(deployed, name, 2, *options) for _ in range(2)] == [0, 0], name
    assert stats(deployed) == []
    chosen = deployed.rows("SELECT page_name, caption_id, propensity FROM {d}.caption_selections ORDER BY 2")
    assert chosen == [("page_0001", 1, 1.0), ("page_0001", 2, 1.0)]
    assert deployed.rows("SELECT COUNT(*) FROM {d}.caption_observations") == [(4,)]
    assert job(deployed, "restore", 3) == 0
    assert stats(deployed) == EXPECTED
    assert job(deployed, "monitor", 1) == 0


@pytest.mark.long
def test_monitoring_needs_permission_for_nothing_but_the_command(deployed):
    with open_target(parse_target(deployed.target)) as target:
        assert jobs()["monitor"].reads_only(target)
        assert not jobs()["expire"].reads_only(target)
