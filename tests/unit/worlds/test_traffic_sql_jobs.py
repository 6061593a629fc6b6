"""The SQL of the update jobs, on DuckDB over the simulated send log, leaves the simulated table, refresh by refresh.

`counting: every_refresh` is `sql/jobs/update_as_deployed.sql`, `counting: once` is the sound job. The long form of the
first covers 90 days and 20 replications; its replications take turns with all switches.
"""

import functools
import math

import duckdb
import polars as pl
import pytest

import sql
from sim.scenario import load
from sim.tables.send_log import sends_arrow
from sim.units import DAY_US
from sim.warehouse.translate import to_duckdb
from sim.worlds.traffic.world import TrafficWorld
from twins.small_traffic import small_traffic
from twins.statistics_frame import stats_frame

pytestmark = pytest.mark.slow

START_US, NOW_US = 1_736_121_600_000_000, 1_234_567_890_123_456  # the second stands for the time of a run
PLACE = {"project": "local-warehouse", "dataset": "main"}
TABLES = {"table": "caption_bandit_stats", "sends": "mass_messages"}
KEY = ["page_name", "caption_id"]
SOUND = {"settle_hours": 0.0, "median_days": 30.0, "label": 0}
SWITCHES = [
    {},
    {"median": "lower", "attribution": 0.3},
    {"unsold": "missing", "null_sum": "null"},
    {"unsold": "missing"},
    {"decay_per_refresh": 0.9, "cap": 9},
    {"look_back_days": 2.0, "median_days": 3.0},
    {"loads": {"every_hours": 24.0, "lag_hours": 2.0}, "median": "lower"},
    {"loads": {"every_hours": 168.0, "lag_hours": 2.0}, "attribution": 0.5},
    {"decay_per_refresh": 0.9876, "cap": 100},
    {"label_after_hours": 0.0, "median": "lower"},
]


def scenario_of(feedback, days, fans=20_000, **selection):
    return load(
        {
            "name": "sql_jobs",
            "seed": 5,
            "replications": 20,
            "horizon": {"days": days},
            "world": small_traffic(
                priced_per_day=(3, 6),
                per_day_limits=(4, 14),
                fans=fans,
                per_view=[(5.0, 0.02), (20.0, 0.005)],
                purchases={"reference_audience": 20_000},
                delay={"mean_hours": 10.0},
            ),
            "feedback": {"label_after_hours": 5.0, **feedback},
            "selection": {"cool_down_days": 1.0, **selection},
            "policies": ["wilson_sample"],
            "record": {"sends": True},
        }
    )


@functools.cache
def translated(job, given):
    """The statements for DuckDB, the time of the run still to be put in."""
    values = {"now_us": NOW_US, **TABLES, **PLACE, **dict(given)}
    return [to_duckdb(statement) for statement in sql.statements(f"jobs/{job}", **values)]


def switches_of(feedback):
    return {
        "lookback_days": feedback.look_back_days,
        "median_days": feedback.median_days,
        "exact_median": int(feedback.median == "exact"),
        "null_sum_is_zero": int(feedback.null_sum == "zero"),
        "decay": feedback.decay_per_refresh,
        "cap": feedback.cap or 0,
    }


class Warehouse:
    """DuckDB with the log of a replication, of which runs see what is loaded by then."""

    def __init__(self, log, loaded_us):
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        for table in (*TABLES.values(), "caption_bandit_archive", "caption_stats_lock"):
            self.connection.execute(to_duckdb(sql.read(f"ddl/{table}", table=table, **PLACE)))
        self.connection.execute(to_duckdb(sql.read("udf/wilson_score_bounds", **PLACE)))
        frame = pl.from_arrow(sends_arrow(log)).with_columns(pl.Series("loaded_us", loaded_us))
        # Earnings of an unpriced message are NULL in the log and 0 where its purchases are known to be 0.
        earned = pl.when(pl.col("purchased_count").is_null()).then(None).otherwise(pl.col("earnings").fill_null(0.0))
        self.arriving = frame.with_columns(earned.alias("earnings")).sort("loaded_us")
        self.columns = ", ".join(
            column for column in self.arriving.columns if column not in ("loaded_us", "propensity")
        )
        self.loaded_until = -1

    def run(self, job, now_us, given):
        new = self.arriving.filter(pl.col("loaded_us").is_between(self.loaded_until, now_us, closed="right"))  # noqa: F841
        self.connection.execute(f"INSERT INTO mass_messages ({self.columns}) SELECT {self.columns} FROM new")
        self.loaded_until = now_us
        for statement in translated(job, tuple(given.items())):
            self.connection.execute(statement.replace(str(NOW_US), str(now_us)))

    def table(self):
        return self.connection.execute("SELECT * FROM caption_bandit_stats").pl().sort(KEY)


def refreshes(scenario):
    hours = scenario.feedback.refresh_hours
    return [run * hours for run in range(1, math.ceil(scenario.horizon.days * 24 / hours))]


def tables_and_log(scenario, replication):
    """The simulated table after each refresh, and then the log with the time of each load."""
    world, tables = TrafficWorld(scenario, scenario.policies[0], range(replication, replication + 1)), []
    for hours in refreshes(scenario):
        world.advance((hours + 1e-3) / 24)
        tables.append(stats_frame(world.counts(0)).sort(KEY))
    world.advance(scenario.horizon.days)
    return tables, Warehouse(world.sends(0), START_US + (world.loaded_at(0) * DAY_US).round().astype("int64"))


def differences(found, expected):
    """Names of columns that differ: floats by more than 1e-9, everything else at all."""
    assert found.select(KEY).equals(expected.select(KEY))
    differing = []
    for name, kind in expected.schema.items():
        one, other = found[name], expected[name]
        if kind == pl.Float64:
            near = (one - other).abs() <= 1e-9 * other.abs() + 1e-12
            same = (one.is_null() & other.is_null()) | near.fill_null(value=False)
        else:
            same = one.cast(kind).eq_missing(other)
        if not same.all():
            differing.append(name)
    return differing


def compare_all(scenario, replication, job, given):
    """Rows compared over all refreshes of a replication."""
    tables, warehouse = tables_and_log(scenario, replication)
    compared = 0
    for hours, simulated in zip(refreshes(scenario), tables, strict=True):
        warehouse.run(job, START_US + round(hours * 3_600_000_000), given)
        assert differences(warehouse.table(), simulated) == [], (replication, hours)
        compared += len(simulated)
    return compared


@pytest.mark.parametrize("place", [2, 6], ids=str)
def test_every_refresh_is_the_deployed_job(place):
    scenario = scenario_of({"counting": "every_refresh", **SWITCHES[place]}, days=9)
    assert compare_all(scenario, 0, "update_as_deployed", switches_of(scenario.feedback)) > 300


@pytest.mark.long
@pytest.mark.parametrize("replication", range(20))
def test_every_refresh_of_90_days_is_the_deployed_job(replication):
    scenario = scenario_of({"counting": "every_refresh", **SWITCHES[replication % len(SWITCHES)]}, days=90)
    assert compare_all(scenario, replication, "update_as_deployed", switches_of(scenario.feedback)) > 5_000


@pytest.mark.parametrize(
    "feedback", [{"attribution": 0.9}, {"loads": {"every_hours": 24.0, "lag_hours": 2.0}, "attribution": 0.4}]
)
def test_counting_once_is_the_sound_job(feedback):
    scenario = scenario_of({"counting": "once", **feedback}, days=9)
    assert compare_all(scenario, 0, "update_caption_bandit_stats", SOUND) > 100


def test_a_label_by_dollars_per_view_is_the_parameter_of_the_sound_job():
    feedback = {"counting": "once", "attribution": 0.9, "label": "dollars_per_view"}
    scenario = scenario_of(feedback, days=9)
    assert compare_all(scenario, 0, "update_caption_bandit_stats", {**SOUND, "label": 1}) > 100
    with pytest.raises(AssertionError):
        compare_all(scenario, 0, "update_caption_bandit_stats", SOUND)


@pytest.mark.parametrize("fans", [pytest.param(40, marks=pytest.mark.long), 150])
def test_counting_once_is_the_sound_job_where_messages_have_no_views(fans):
    scenario = scenario_of({"counting": "once", "attribution": 0.9}, days=9, fans=fans)
    assert compare_all(scenario, 0, "update_caption_bandit_stats", SOUND) > 100
    world = TrafficWorld(scenario, scenario.policies[0], range(1))
    world.advance(9.0)
    assert 0.05 < (world.sends(0).viewed_count == 0).mean() < 0.9


def test_another_look_back_is_noticed():
    scenario = scenario_of({"counting": "every_refresh"}, days=9)
    with pytest.raises(AssertionError):
        compare_all(scenario, 0, "update_as_deployed", {**switches_of(scenario.feedback), "lookback_days": 6.5})


def test_verify_names_the_recount_factor_of_the_loaded_rows():
    scenario = scenario_of({"counting": "every_refresh"}, days=9)
    tables, warehouse = tables_and_log(scenario, 0)
    world = TrafficWorld(scenario, scenario.policies[0], range(1))
    world.advance(9.0)
    warehouse.run("update_as_deployed", START_US + 9 * DAY_US, switches_of(scenario.feedback))  # loads the whole log
    simulated = tables[-1]
    warehouse.connection.execute("DELETE FROM caption_bandit_stats")
    warehouse.connection.execute("INSERT INTO caption_bandit_stats SELECT * FROM simulated")
    messages = len(warehouse.connection.execute("SELECT 1 FROM mass_messages WHERE viewed_count > 0").fetchall())
    check = sql.read("checks/contents_recount", recount_limit=1, **TABLES, **PLACE)
    (row,) = warehouse.connection.execute(to_duckdb(check)).fetchall()
    factor = simulated["total_observations"].sum() / messages
    assert row[1] == "fail"
    assert row[2].startswith(f"recount factor {round(factor, 2)}: {simulated['total_observations'].sum()} observations")
    assert world.loop().columns["recount_factor"][0] == pytest.approx(factor)
