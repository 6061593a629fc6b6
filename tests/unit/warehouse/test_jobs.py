"""The deployable jobs on DuckDB, against a naive twin or a plain count; run twice, at once, and killed half way."""

import json
import signal
import subprocess
import sys
import textwrap
import threading

import duckdb
import pytest

import sql
from sim.cli import exit_code
from sim.errors import InputError, StorageError
from sim.warehouse.base import STATS
from sim.warehouse.jobs import job_named, jobs
from sim.warehouse.targets import open_target
from sim.warehouse.translate import to_duckdb
from twins.deployed_job import DAY_US
from twins.job_target import START_US, bank, insert, make_log, run, with_jobs
from twins.sound_job import SoundJob

pytestmark = pytest.mark.slow

HOUR_US = 3_600_000_000
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
NAMES = ["backup", "expire", "log_observations", "monitor", "restore", "select_captions", UPDATE]


@pytest.fixture
def spec(tmp_path):
    return with_jobs(tmp_path / "w.duckdb")


def table_of(target, table=STATS):
    rows = target.connection.execute(f"SELECT * FROM {table}").to_arrow_table().to_pylist()
    return {(row.pop("page_name"), row.pop("caption_id")): row for row in rows}


def plain(value):
    return round(value.timestamp() * 1e6) if hasattr(value, "timestamp") else value


def assert_equal_tables(found, expected):
    """Integers and times equal, floats within 1e-9; a percentile may follow means that tie within 1e-12."""
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        for name in found[key]:
            mine, value = plain(found[key][name]), row[name]
            if isinstance(value, float):
                assert mine == pytest.approx(value, rel=1e-9, abs=1e-12), (key, name)
            else:
                assert mine == value, (key, name)


def test_every_job_has_a_header_and_is_listed(capsys):
    assert list(jobs()) == NAMES
    assert all(job.title.endswith((".", "e")) and job.parameters[0].name == "now_us" for job in jobs().values())
    assert exit_code(["job", "--json"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["jobs"]] == NAMES


def test_the_study_job_is_not_deployable():
    assert "jobs/update_as_deployed" in sql.names("jobs")
    with pytest.raises(InputError, match="unknown job"):
        job_named("update_as_deployed")


# The update job


@pytest.mark.parametrize("given", [{}, {"settle_hours": 30.0}, {"median_days": 3.0}], ids=str)
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.long) for seed in (2, 3))])
def test_every_update_equals_the_twin(spec, given, seed):
    log, twin = make_log(seed), SoundJob(**given)
    with open_target(spec) as target:
        insert(target, log)
        for number in range(1, 30):
            now_us = START_US + number * DAY_US // 2
            run(target, UPDATE, now_us, **given)
            twin.run(now_us, log)
            assert_equal_tables(table_of(target), twin.table)
    assert len(twin.table) > 20


def test_a_wrong_twin_is_noticed(spec):
    log, twin = make_log(1), SoundJob()
    twin.run(START_US + 6 * DAY_US, log)
    key = next(iter(twin.table))
    twin.table[key]["successes"] += 1
    with open_target(spec) as target:
        insert(target, log)
        run(target, UPDATE, START_US + 6 * DAY_US)
        with pytest.raises(AssertionError):
            assert_equal_tables(table_of(target), twin.table)


def test_a_run_again_changes_nothing_and_a_skipped_run_loses_nothing(spec):
    log = make_log(4)
    with open_target(spec) as target:
        insert(target, log)
        run(target, UPDATE, START_US + 3 * DAY_US)
        run(target, UPDATE, START_US + 12 * DAY_US)
        once = table_of(target)
        for now_us in (START_US + 12 * DAY_US, START_US + 12 * DAY_US, START_US + 2 * DAY_US):
            run(target, UPDATE, now_us)  # also a clock that goes back
        assert table_of(target) == once
    counted = sum(row["total_observations"] for row in once.values())
    assert counted == sum(bool(m["views"]) and m["caption"] is not None for m in log)


def test_a_failure_within_a_job_takes_back_its_first_half(spec):
    with open_target(spec) as target:
        insert(target, make_log(5))
        run(target, UPDATE, START_US + 3 * DAY_US)
        before = table_of(target)
        job = job_named("expire")
        statements = job.statements(target, job.values({"now_us": str(START_US + 200 * DAY_US)}))
        for place in range(1, len(statements)):
            with pytest.raises(StorageError):
                target.run_script([*statements[:place], "SELECT 1 FROM nowhere", *statements[place:]])
            assert table_of(target) == before
            assert table_of(target, "caption_bandit_archive") == {}
        run(target, "expire", START_US + 200 * DAY_US)
        assert table_of(target, "caption_bandit_archive") == before


def test_a_row_of_the_deployed_job_is_taken_over_as_it_is(spec):
    """Its last_used is the time of an update, or NULL for a new row: messages before that are counted already."""
    log = [dict(make_log(1)[0], row=day, page="page_0001", caption=1, views=40, time_us=START_US + day * DAY_US)
           for day in (1, 5)]  # fmt: skip
    with open_target(spec) as target:
        insert(target, log)
        for last_used in ("NULL", f"make_timestamptz({START_US + 3 * DAY_US})"):
            target.connection.execute(f"DELETE FROM {STATS}")
            target.connection.execute(
                f"INSERT INTO {STATS} (caption_id, page_name, total_observations, last_used, last_updated)"
                f" VALUES (1, 'page_0001', 28, {last_used}, make_timestamptz({START_US + 3 * DAY_US}))"
            )
            run(target, UPDATE, START_US + 6 * DAY_US)
            assert table_of(target)["page_0001", 1]["total_observations"] == 29


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


def rows_and_keys(target, table=STATS):
    """Rows of a table, and different keys among them."""
    counts = f"SELECT COUNT(*), COUNT(DISTINCT (page_name, caption_id)) FROM {table}"
    return target.connection.execute(counts).fetchone()


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


# The other jobs


def test_expire_moves_old_rows_and_an_update_restores_them(spec):
    log = [m for m in make_log(8) if m["caption"] is not None and m["views"]]
    with open_target(spec) as target:
        insert(target, log)
        end = START_US + 12 * DAY_US
        run(target, UPDATE, end)
        before = table_of(target)
        assert run(target, "expire", end + 89 * DAY_US) is None
        assert table_of(target) == before
        for _ in range(2):
            run(target, "expire", end + 91 * DAY_US)
        assert table_of(target) == {}
        assert table_of(target, "caption_bandit_archive") == before
        again = dict(log[0], row=9_999, time_us=end + 91 * DAY_US)
        insert(target, [again])
        run(target, UPDATE, end + 92 * DAY_US)
        [(key, row)] = table_of(target).items()
    assert key == (again["page"], again["caption"])
    assert row["total_observations"] == before[key]["total_observations"] + 1
    assert row["successes"] + row["failures"] >= before[key]["successes"] + before[key]["failures"]


def test_a_restored_backup_is_the_table_and_its_watermarks(spec):
    log = make_log(9)
    with open_target(spec) as target:
        insert(target, log)
        run(target, "restore", START_US)  # without a backup nothing changes
        run(target, UPDATE, START_US + 6 * DAY_US)
        before = table_of(target)
        for _ in range(2):
            run(target, "backup", START_US + 6 * DAY_US)
        run(target, UPDATE, START_US + 12 * DAY_US)
        whole = table_of(target)
        target.connection.execute(f"DELETE FROM {STATS} WHERE page_name = 'page_0001'")
        for backup_us in (0, START_US + 6 * DAY_US):
            run(target, "restore", START_US + 13 * DAY_US, backup_us=backup_us)
            assert table_of(target) == before
        run(target, UPDATE, START_US + 12 * DAY_US)
        after = table_of(target)
        assert {key: row["total_observations"] for key, row in after.items()} == {
            key: row["total_observations"] for key, row in whole.items()
        }
        run(target, "restore", START_US + 13 * DAY_US, backup_us=17)  # no such backup
        assert table_of(target) == after


def test_old_backups_are_removed_but_never_the_newest(spec):
    with open_target(spec) as target:
        insert(target, make_log(9))
        run(target, UPDATE, START_US + 6 * DAY_US)
        for day in (6, 7, 60):
            run(target, "backup", START_US + day * DAY_US)
        kept = target.connection.execute("SELECT DISTINCT backup_us FROM caption_bandit_backups").fetchall()
        assert kept == [(START_US + 60 * DAY_US,)]


def statuses(target, now_us, **given):
    return {row["check"]: row["status"] for row in run(target, "monitor", now_us, **given)}


def test_the_monitor_names_each_trouble(spec):
    log = make_log(12)
    with open_target(spec) as target:
        bank(target, 13)
        insert(target, log)
        end = START_US + 12 * DAY_US
        run(target, UPDATE, end)
        assert set(statuses(target, end).values()) == {"pass"}
        assert statuses(target, end + 9 * HOUR_US)["staleness"] == "warn"
        assert statuses(target, end + 13 * HOUR_US)["staleness"] == "fail"
        assert statuses(target, end, growth_per_hour=0.1)["growth"] == "warn"
        target.connection.execute(f"UPDATE {STATS} SET total_observations = total_observations * 28")
        assert statuses(target, end)["recount"] == "fail"
        target.connection.execute("INSERT INTO caption_bank SELECT 1000 + i, 'mid', TRUE FROM range(40) r(i)")
        assert statuses(target, end)["unused_share"] == "warn"
        target.connection.execute(f"INSERT INTO {STATS} SELECT * FROM {STATS} LIMIT 3")
        assert statuses(target, end)["duplicates"] == "fail"


# The command


def test_the_command_runs_shows_and_refuses(spec, capsys):
    to = ["--to", str(spec)]
    assert exit_code(["job", UPDATE, *to, "--set", f"now_us={START_US}"]) == 0
    assert "has run" in capsys.readouterr().out
    before = spec.path.read_bytes()
    assert exit_code(["job", UPDATE, *to, "--dry-run"]) == 0
    assert "MERGE INTO" in capsys.readouterr().out
    assert spec.path.read_bytes() == before
    assert exit_code(["job", "monitor", *to]) == 1  # the table is empty: stale
    assert "staleness" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["updat_caption_bandit_stats", "--to", "duckdb:x"], 2, "did you mean"),
        (["updat", "--to", "duckdb:x"], 2, "did you mean update_caption_bandit_stats?"),
        ([UPDATE], 2, "--to"),
        ([UPDATE, "--to", "parquet:x"], 2, "tables only"),
        ([UPDATE, "--to", "duckdb:new.duckdb"], 2, "--jobs"),
        ([UPDATE, "--to", "duckdb:x", "--set", "nonsense"], 2, "NAME=VALUE"),
        ([UPDATE, "--to", "duckdb:x", "--set", "hours=3"], 2, "no parameter"),
        ([UPDATE, "--to", "duckdb:x", "--set", "settle_hours=nan"], 2, "not a number"),
        ([UPDATE, "--to", "duckdb:x", "--set", "now_us=1); DROP TABLE x"], 2, "whole number"),
        ([UPDATE, "--to", "bigquery:my-project-1.caption_test"], 5, "--allow-write"),
        (["monitor", "--to", "bigquery:of-scheduler-proj.eros_scheduling_brain"], 5, "production"),
    ],
)
def test_bad_input_is_told_in_one_message(words, code, told, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert exit_code(["job", *words]) == code
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


def test_a_procedure_takes_its_arguments_and_the_schedule_calls_it(spec):
    with open_target(spec) as target:
        for job in jobs().values():
            procedure, call = job.procedure(target), job.call(target)
            assert "${" not in procedure
            assert call.count(",") == len(job.parameters) - 1
            assert all(f"arg_{one.name} {one.type}" in procedure for one in job.parameters)
