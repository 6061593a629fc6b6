"""The deployable jobs on DuckDB when two run at once, and when one is killed half way."""

import signal
import subprocess
import sys
import textwrap
import threading

import duckdb
import pytest

from sim.warehouse.base import STATS
from sim.warehouse.jobs import job_named
from sim.warehouse.targets import open_target
from sim.warehouse.translate import to_duckdb
from twins.deployed_job import DAY_US
from twins.job_target import (
    START_US,
    assert_equal_tables,
    bank,
    insert,
    make_log,
    rows_and_keys,
    run,
    table_of,
    with_jobs,
)
from twins.sound_job import SoundJob

pytestmark = pytest.mark.slow

UPDATE = "update_caption_bandit_stats"
WRITTEN = {
    UPDATE: STATS,
    "backup": "caption_bandit_backups",
    "expire": "caption_bandit_archive",
    "log_observations": "caption_observations",
    "restore": STATS,
    "select_captions": "caption_selections",
}
"""The jobs that write, and the table whose rows show it."""
WRITING = list(WRITTEN)
GIVEN = {"expire": {"keep_days": "0.5"}, "log_observations": {"settle_hours": "0"}}


@pytest.fixture
def spec(tmp_path):
    return with_jobs(tmp_path / "w.duckdb")


@pytest.mark.parametrize("rounds", [3, pytest.param(99, marks=pytest.mark.long)])
def test_threads_at_once_count_every_message_once(spec, rounds):
    """Four connections begin the same run together; who fails has changed nothing, and one at least is done."""
    log = make_log(6, messages=600)
    with open_target(spec) as target:
        insert(target, log)
        connections = [target.connection.cursor() for _ in range(4)]
        for number in range(rounds):
            if number % 3 == 0:
                target.connection.execute(f"DELETE FROM {STATS}")
                run(target, UPDATE, START_US + DAY_US)
            statements = statements_of(target, UPDATE, START_US + (4 + 4 * (number % 3)) * DAY_US)
            assert "done" in at_once(connections, [to_duckdb(one) for one in statements])
            rows, keys = rows_and_keys(target)
            assert rows == keys
        counted = sum(row["total_observations"] for row in table_of(target).values())
    assert counted == sum(bool(m["views"]) and m["caption"] is not None for m in log)


def at_once(connections, statements):
    """Run a script on all connections at once; how each ended."""
    barrier, outcomes = threading.Barrier(len(connections)), []

    def go(connection):
        barrier.wait()
        try:
            for statement in statements:
                connection.execute(statement)
            outcomes.append("done")
        except duckdb.TransactionException as error:
            connection.execute("ROLLBACK")
            outcomes.append(str(error))

    threads = [threading.Thread(target=go, args=(connection,)) for connection in connections]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return outcomes


PROCESS = """
import sys, time
from sim.errors import StorageError
from sim.warehouse.base import TargetSpec
from sim.warehouse.jobs import job_named, run_job
from sim.warehouse.targets import open_target
place, *times = sys.argv[1:]
refused = 0
for now_us in times:
    for name, given in (("update_caption_bandit_stats", {}), ("log_observations", {"settle_hours": "0"})):
        while True:
            try:
                with open_target(TargetSpec("duckdb", place)) as target:
                    run_job(target, job_named(name), {"now_us": now_us} | given)
                break
            except StorageError:  # the other process has the file
                refused += 1
                time.sleep(0.001)
print(refused)
"""


@pytest.mark.parametrize("runs", [6, pytest.param(150, marks=pytest.mark.long)])
def test_processes_at_once_count_and_log_every_message_once(spec, runs):
    """Each of two processes runs both jobs at the same moments; they meet at the file, which one has at a time."""
    log, twin = make_log(6), SoundJob()
    times = [START_US + number * 12 * DAY_US // runs for number in range(1, runs + 1)]
    with open_target(spec) as target:
        insert(target, log)
    command = [sys.executable, "-c", PROCESS, spec.place, *map(str, times)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    refused = [int(one.communicate()[0]) for one in processes]
    assert [one.returncode for one in processes] == [0, 0]
    assert sum(refused) > 0, "the processes did not meet"
    for now_us in times:
        twin.run(now_us, log)
    with open_target(spec) as target:
        assert_equal_tables(
            {key: {**row, "last_updated": None} for key, row in table_of(target).items()},
            {key: {**row, "last_updated": None} for key, row in twin.table.items()},
        )
        logged = target.connection.execute("SELECT row_id FROM caption_observations ORDER BY 1").fetchall()
    assert logged == [(m["row"],) for m in log if m["caption"] is not None]


def run_in_turn(connections, statements):
    """Each statement on every connection; one that fails takes its work back and stops. Returns who came to the end."""
    running = list(connections)
    for statement in statements:
        for one in list(running):
            try:
                one.execute(to_duckdb(statement))
            except duckdb.TransactionException:
                one.execute("ROLLBACK")
                running.remove(one)
    return running


def statements_of(target, name, now_us, **given):
    job = job_named(name)
    return job.statements(target, job.values({"now_us": str(now_us)} | given))


def without_lock(statements):
    """The same statements, but for those that take the lock."""
    return [one for one in statements if "_lock`" not in one]


def log_of_pages(captions=18, pages=5):
    """One message of each caption, every half day."""
    return [dict(make_log(1)[0], row=number, page=f"page_{number % pages:04d}", caption=number, views=40,
                 time_us=START_US + number * DAY_US // 2) for number in range(1, captions + 1)]  # fmt: skip


@pytest.mark.parametrize("name", WRITING)
def test_of_runs_at_once_one_is_done_and_the_others_change_nothing(spec, name):
    table, now_us = WRITTEN[name], START_US + 12 * DAY_US
    with open_target(spec) as target:
        bank(target, 13)
        insert(target, log_of_pages())
        if name != UPDATE:
            run(target, UPDATE, START_US + DAY_US)
            run(target, "backup", START_US + DAY_US)
        given = GIVEN.get(name, {})
        statements = statements_of(target, name, now_us, **given)
        assert len(run_in_turn([target.connection.cursor() for _ in range(3)], statements)) == 1
        once = target.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()
        run(target, name, now_us, **given)
        assert target.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone() == once > (0,)


@pytest.mark.parametrize("name", [UPDATE, "log_observations", "select_captions"])
def test_without_the_lock_runs_at_once_write_keys_twice(spec, name):
    with open_target(spec) as target:
        bank(target, 13)
        insert(target, log_of_pages())
        if name != UPDATE:
            run(target, UPDATE, START_US + DAY_US)
        statements = without_lock(statements_of(target, name, START_US + 12 * DAY_US, **GIVEN.get(name, {})))
        assert len(run_in_turn([target.connection.cursor() for _ in range(2)], statements)) == 2
        rows, keys = rows_and_keys(target, WRITTEN[name])
        assert rows > keys > 0, "keys are not enforced"


@pytest.mark.parametrize("counted_before", [False, True], ids=["no row yet", "rows of other pages"])
def test_a_run_keeps_one_row_of_each_caption_that_has_two(spec, counted_before):
    """As two runs at once of the job without its lock leave them, or of the deployed job."""
    log, twin = log_of_pages(), SoundJob()
    with open_target(spec) as target:
        insert(target, log)
        if counted_before:
            run(target, UPDATE, START_US + DAY_US)
            twin.run(START_US + DAY_US, log)
        statements = without_lock(statements_of(target, UPDATE, START_US + 6 * DAY_US))
        run_in_turn([target.connection.cursor() for _ in range(2)], statements)
        twin.run(START_US + 6 * DAY_US, log)
        rows, keys = rows_and_keys(target)
        assert rows > keys > 0, "keys are not enforced"
        for now_us in (START_US + 6 * DAY_US, START_US + 10 * DAY_US):
            run(target, UPDATE, now_us)
            twin.run(now_us, log)
            rows, keys = rows_and_keys(target)
            assert rows == keys
            found = {key: {**row, "last_updated": None} for key, row in table_of(target).items()}
            assert_equal_tables(found, {key: {**row, "last_updated": None} for key, row in twin.table.items()})


def test_the_row_with_most_observations_is_kept(spec):
    with open_target(spec) as target:
        for observations, page in ((3, "page_0001"), (9, "page_0001"), (5, "page_0001"), (2, "page_0002")):
            target.connection.execute(
                f"INSERT INTO {STATS} (caption_id, page_name, successes, failures, total_observations, last_used)"
                f" VALUES (7, '{page}', {observations}, 2, {observations}, make_timestamptz({START_US}))"
            )
        for _ in range(2):
            run(target, UPDATE, START_US + DAY_US)
            assert rows_and_keys(target) == (2, 2)
            assert {key: row["total_observations"] for key, row in table_of(target).items()} == {
                ("page_0001", 7): 9, ("page_0002", 7): 2
            }  # fmt: skip


KILLED = """
import sys, os, signal
from sim.warehouse.base import TargetSpec
from sim.warehouse.jobs import job_named
from sim.warehouse.targets import open_target
from sim.warehouse.translate import to_duckdb
place, name, now, after = sys.argv[1:]
with open_target(TargetSpec("duckdb", place)) as target:
    job = job_named(name)
    for statement in job.statements(target, job.values({"now_us": now}))[: int(after)]:
        target.connection.execute(to_duckdb(statement))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(("name", "after"), [(UPDATE, 3), (UPDATE, 4), (UPDATE, 5), ("expire", 6), ("expire", 7)])
def test_a_job_killed_half_way_has_happened_whole_or_not_at_all(spec, name, after):
    log = make_log(7)
    with open_target(spec) as target:
        insert(target, log)
        if name == "expire":
            run(target, UPDATE, START_US + 12 * DAY_US)
    twin = SoundJob()
    twin.run(START_US + 12 * DAY_US, log)
    now_us = START_US + (12 if name == UPDATE else 200) * DAY_US
    command = [sys.executable, "-c", textwrap.dedent(KILLED), spec.place, name, str(now_us), str(after)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    where = STATS if name == UPDATE else "caption_bandit_archive"
    with open_target(spec) as target:
        assert bool(table_of(target, where)) is (after == (5 if name == UPDATE else 7))
        run(target, name, now_us)
        assert_equal_tables(table_of(target, where), twin.table)
