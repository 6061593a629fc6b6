"""The deployable jobs on DuckDB, against a naive twin or a plain count, and run twice."""

import json

import pytest

import sql
from sim.cli import exit_code
from sim.errors import InputError, StorageError
from sim.warehouse.base import STATS
from sim.warehouse.jobs import job_named, jobs
from sim.warehouse.targets import open_target
from twins.deployed_job import DAY_US
from twins.job_target import (
    START_US,
    assert_equal_tables,
    bank,
    insert,
    make_log,
    run,
    table_of,
    with_jobs,
)
from twins.sound_job import SoundJob

pytestmark = pytest.mark.slow

HOUR_US = 3_600_000_000
UPDATE = "update_caption_bandit_stats"
NAMES = ["backup", "expire", "log_observations", "monitor", "restore", "select_captions", UPDATE]


@pytest.fixture
def spec(tmp_path):
    return with_jobs(tmp_path / "w.duckdb")


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
