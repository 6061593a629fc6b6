"""A DuckDB target with the deployable jobs, a made log of messages, and a run of a job at a given time."""

import random

import pytest

from sim.warehouse.base import SENDS, STATS, TargetSpec
from sim.warehouse.deploy import carry_out, plan
from sim.warehouse.jobs import job_named, run_job
from sim.warehouse.targets import open_target

START_US = 1_736_121_600_000_000  # 2025-01-06T00:00:00Z


def with_jobs(file):
    """The target in `file`, deployed with its jobs."""
    spec = TargetSpec("duckdb", str(file))
    with open_target(spec) as target:
        carry_out(target, plan(target, with_jobs=True))
    return spec


def make_log(seed, messages=240, days=12):
    """Messages of three pages with every kind of NULL, and a page that sells nothing."""
    rng, log = random.Random(seed), []
    times = rng.sample(range(days * 24 * 60), messages)
    for number, minute in enumerate(times):
        page = rng.choice(["page_0001", "page_0002", "page_0003"])
        sold, null = 0 if page == "page_0003" else rng.choice([0, 0, 0, 1, 2, 5]), rng.random() < 0.1
        log.append(
            {
                "row": number, "page": page, "caption": None if rng.random() < 0.3 else rng.randint(1, 12),
                "time_us": START_US + minute * 60_000_000, "sent": rng.choice([900, 1000]),
                "views": rng.choice([None, 0, 30, 40, 50]), "purchases": None if null else sold,
                "earnings": None if null else float(rng.choice([5, 9, 14, 20]) * sold),
            }
        )  # fmt: skip
    return log


def insert(target, log):
    rows = [
        (m["row"], m["page"], m["time_us"], m["sent"], m["views"], m["purchases"], m["earnings"], m["caption"])
        for m in log
    ]
    target.connection.executemany(
        f"INSERT INTO {SENDS} (row_id, page_name, sending_time, sent_count, viewed_count, purchased_count, earnings,"
        " caption_id) VALUES (?, ?, make_timestamptz(?), ?, ?, ?, ?, ?)",
        rows,
    )


def run(target, name, now_us, **given):
    rows = run_job(target, job_named(name), {"now_us": str(now_us)} | {key: str(value) for key, value in given.items()})
    return None if rows is None else rows.to_pylist()


def bank(target, captions, tiers=("budget", "mid", "premium", "bump")):
    """Fill the bank with captions 0, 1, …, of the tiers in turn."""
    rows = [(number, tiers[number % len(tiers)]) for number in range(captions)]
    target.connection.executemany("INSERT INTO caption_bank VALUES (?, ?, TRUE)", rows)


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


def rows_and_keys(target, table=STATS):
    """Rows of a table, and different keys among them."""
    counts = f"SELECT COUNT(*), COUNT(DISTINCT (page_name, caption_id)) FROM {table}"
    return target.connection.execute(counts).fetchone()
