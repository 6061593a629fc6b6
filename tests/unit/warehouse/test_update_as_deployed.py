"""`sql/jobs/update_as_deployed.sql` on DuckDB equals a naive twin, run by run, row for row, for every switch."""

import datetime
import random

import duckdb
import pytest

import sql
from sim.warehouse.translate import to_duckdb
from twins.deployed_job import DAY_US, DeployedJob

pytestmark = pytest.mark.slow

PLACE = {"project": "local-warehouse", "dataset": "main"}
START_US = 1_736_121_600_000_000  # 2025-01-06T00:00:00Z
FLOATS = {"total_revenue", "avg_conversion_rate", "avg_emv", "last_emv_observed", "exploration_score"}
SWITCHES = [
    {},
    {"exact_median": 1},
    {"null_sum_is_zero": 1},
    {"decay": 0.9876, "cap": 100},
    {"decay": 0.9876},
    {"cap": 20},
    {"lookback_days": 2.0, "median_days": 5.0},
]


def make_log(seed, messages=240, days=12):
    """Messages of three pages with every kind of NULL, ties of the EMV, and pages that sell nothing."""
    rng, log = random.Random(seed), []
    for number in range(messages):
        page, price = rng.choice(["page_0001", "page_0002", "page_0003"]), rng.choice([5, 9, 14, 20])
        sold = 0 if page == "page_0003" else rng.choice([0, 0, 0, 1, 2, 5])
        null = rng.random() < 0.1
        log.append(
            {
                "row": number,
                "page": page,
                "caption": None if rng.random() < 0.3 else rng.randint(1, 12),
                "time_us": START_US + rng.randrange(days * 24) * DAY_US // 24,
                "sent": rng.choice([900, 1000]),
                "views": rng.choice([None, 0, 30, 40, 50]),
                "purchases": None if null else sold,
                "earnings": None if null else float(price * sold),
            }
        )
    return log


def loaded(log):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    for table in ("caption_bandit_stats", "mass_messages"):
        connection.execute(to_duckdb(sql.read(f"ddl/{table}", table=table, **PLACE)))
    connection.execute(to_duckdb(sql.read("udf/wilson_score_bounds", **PLACE)))
    rows = [
        (m["row"], m["page"], m["time_us"], m["sent"], m["views"], m["purchases"], m["earnings"], m["caption"])
        for m in log
    ]
    connection.executemany(
        "INSERT INTO mass_messages (row_id, page_name, sending_time, sent_count, viewed_count, purchased_count,"
        " earnings, caption_id) VALUES (?, ?, make_timestamptz(?), ?, ?, ?, ?, ?)",
        rows,
    )
    return connection


def run_sql(connection, now_us, switches):
    given = {
        "now_us": now_us, "lookback_days": 7.0, "median_days": 30.0, "exact_median": 0, "null_sum_is_zero": 0,
        "decay": 1.0, "cap": 0, "table": "caption_bandit_stats", "sends": "mass_messages", **PLACE, **switches,
    }  # fmt: skip
    for statement in sql.statements("jobs/update_as_deployed", **given):
        connection.execute(to_duckdb(statement))


def table_of(connection):
    rows = connection.execute("SELECT * FROM caption_bandit_stats").to_arrow_table().to_pylist()
    return {(row.pop("page_name"), row.pop("caption_id")): row for row in rows}


def plain(value):
    if isinstance(value, datetime.datetime):
        return round(value.timestamp() * 1e6)
    return value


def assert_equal_tables(found, expected):
    assert found.keys() == expected.keys()
    for key, row in expected.items():
        for name, value in row.items():
            mine = plain(found[key][name])
            if isinstance(value, float) or (name in FLOATS and value is not None):
                assert mine == pytest.approx(value, rel=1e-9, abs=1e-12), (key, name)
            else:
                assert mine == value, (key, name)


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: ",".join(f"{k}={v}" for k, v in s.items()) or "deployed")
@pytest.mark.parametrize("seed", [1, 2])
def test_every_run_of_the_job_equals_the_twin(switches, seed):
    log = make_log(seed)
    connection, twin = loaded(log), DeployedJob(**switches)
    for run in range(1, 17):
        now_us = START_US + run * DAY_US
        run_sql(connection, now_us, switches)
        twin.run(now_us, log)
        assert_equal_tables(table_of(connection), twin.table)
    assert len(twin.table) > 20


def test_the_deployed_job_counts_a_message_28_times():
    log = [dict(make_log(1)[0], page="page_0001", caption=1, views=40, purchases=1, earnings=9.0, time_us=START_US)]
    connection = loaded(log)
    for run in range(1, 60):
        run_sql(connection, START_US + run * DAY_US // 4, {})
    assert table_of(connection)["page_0001", 1]["total_observations"] == 28


def test_null_revenue_stays_null_for_ever_unless_the_switch_makes_it_zero():
    first = dict(make_log(1)[0], page="page_0001", caption=1, views=40, purchases=None, earnings=None, time_us=START_US)
    second = dict(first, row=1, purchases=1, earnings=9.0, time_us=START_US + 8 * DAY_US)
    for switch, revenue in ((0, None), (1, 9.0)):
        connection = loaded([first, second])
        for run in (1, 9):
            run_sql(connection, START_US + run * DAY_US, {"null_sum_is_zero": switch})
        assert table_of(connection)["page_0001", 1]["total_revenue"] == revenue


def test_a_wrong_comparison_in_the_twin_is_noticed(monkeypatch):
    log = make_log(1)
    connection, twin = loaded(log), DeployedJob()
    monkeypatch.setattr("twins.deployed_job.half_away", lambda value: int(value) + 1)
    run_sql(connection, START_US + 6 * DAY_US, {})
    twin.run(START_US + 6 * DAY_US, log)
    run_sql(connection, START_US + 7 * DAY_US, {})
    twin.run(START_US + 7 * DAY_US, log)
    with pytest.raises(AssertionError):
        assert_equal_tables(table_of(connection), twin.table)
