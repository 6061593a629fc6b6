"""Propensities that are reconstructed from snapshots of the table, and logs for which that is refused."""

import datetime as dt
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

import sim
from policies.registry import build
from sim.errors import InputError
from sim.evaluation.log import Log, Rule, read_log, rule_from
from sim.evaluation.snapshots import BACKUPS, micros, read_snapshots, rule_of
from sim.worlds.selection.propensities import propensities

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
HOURS = (0, 6, 12)
CAPTIONS = (10, 11, 12)
COUNTS = {
    ("a", 0): [(1, 1), (1, 1), (1, 1)],
    ("a", 6): [(3, 2), (1, 4), (2, 1)],
    ("a", 12): [(9, 4), (2, 8), (3, 3)],
    ("b", 0): [(1, 1), (5, 1), (1, 1)],
}
"""(successes, failures) with the prior, by page and hour; page b is refreshed once."""


def at(hours: float) -> dt.datetime:
    return START + dt.timedelta(hours=hours)


def table(**columns: object) -> pl.DataFrame:
    """The snapshots, with columns replaced."""
    rows = [
        (page, caption, *count, at(hour))
        for (page, hour), counts in COUNTS.items()
        for caption, count in zip(CAPTIONS, counts, strict=True)
    ]
    names = ["page_name", "caption_id", "successes", "failures", "snapshot_at"]
    return pl.DataFrame(rows, names, orient="row").with_columns(**columns)  # type: ignore[arg-type]


SENDS = [("a", 10, 1.0), ("a", 11, 7.0), ("b", 11, 7.0), ("a", 12, 13.0), ("b", 12, 25.0), ("a", 10, 6.0)]
"""(page, caption, hour); the last is out of order, at the moment of a refresh."""


def sends(rows: list[tuple[str, int, float]] = SENDS) -> pl.DataFrame:
    columns = [(page, caption, at(hour), float(i % 2)) for i, (page, caption, hour) in enumerate(rows)]
    return pl.DataFrame(columns, ["page_name", "caption_id", "sending_time", "earnings"], orient="row")


def written(folder: Path, snapshots: pl.DataFrame | None = None, log: pl.DataFrame | None = None) -> tuple[str, str]:
    """(log, snapshots) as files."""
    (sends() if log is None else log).write_parquet(folder / "log.parquet")
    (table() if snapshots is None else snapshots).write_parquet(folder / "snapshots.parquet")
    return str(folder / "log.parquet"), str(folder / "snapshots.parquet")


def read(folder: Path, snapshots: pl.DataFrame | None = None, log: pl.DataFrame | None = None) -> Log:
    source, tables = written(folder, snapshots, log)
    return read_log(source, rule=Rule("wilson_sample", tables))


def expected(page: str, hour: int, caption: int) -> float:
    counts = np.array(COUNTS[page, hour], np.float64) - 1.0
    chance = propensities(build("wilson_sample"), counts.sum(axis=1), counts[:, 0])
    return float(chance[CAPTIONS.index(caption)])


@pytest.mark.slow
def test_each_decision_gets_the_probability_by_the_last_snapshot_before_it(tmp_path: Path) -> None:
    log = read(tmp_path)
    assert log.propensity.tolist() == [
        expected("a", 0, 10),
        expected("a", 6, 10),  # at the moment of the refresh: the new table
        expected("a", 6, 11),
        expected("b", 0, 11),
        expected("a", 12, 12),
        expected("b", 0, 12),
    ]
    assert any("reconstructed from 3 snapshots of the table of wilson_sample" in note for note in log.notes)


@pytest.mark.slow
def test_each_refresh_is_a_logging_policy_of_its_own(tmp_path: Path) -> None:
    assert read(tmp_path).batch is not None
    assert np.asarray(read(tmp_path).batch).tolist() == [0, 1, 1, 1, 2, 2]


def test_propensities_of_the_log_are_not_read(tmp_path: Path) -> None:
    wrong = sends().with_columns(propensity=pl.lit(7.0))
    assert read(tmp_path, log=wrong).propensity[0] == expected("a", 0, 10)


def test_times_may_be_text_or_microseconds(tmp_path: Path) -> None:
    micro = pl.col("snapshot_at").dt.epoch("us").alias("backup_us")
    log = sends().with_columns(pl.col("sending_time").dt.to_string("iso:strict"))
    found = read(tmp_path, table().with_columns(micro).drop("snapshot_at"), log)
    assert np.array_equal(found.propensity, read(tmp_path).propensity)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("2026-01-01T05:00:00Z", 5), ("2026-01-01 05:00:00", 5), ("2026-01-01T05:00:00+02:00", 3), ("2026-01-01", 0)],
)
def test_text_is_read_as_utc_or_with_its_offset(text: str, hours: float) -> None:
    frame = pl.DataFrame({"t": [text]})
    assert frame.select(micros(frame.schema, "t")).item() == at(hours).timestamp() * 1e6


def test_the_table_of_backups_of_a_target_holds_snapshots(tmp_path: Path) -> None:
    rows = table().with_columns(backup_us=pl.col("snapshot_at").dt.epoch("us"))
    rows.write_parquet(tmp_path / "rows.parquet")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute(f"CREATE TABLE {BACKUPS} AS SELECT * FROM '{tmp_path / 'rows.parquet'}'")
    found = read_snapshots(f"duckdb:{tmp_path / 'warehouse.duckdb'}")
    assert (found.page, len(found.start), len(found.caption)) == (["a", "a", "a", "b"], 5, 12)
    assert found.of_page("b") == slice(3, 4)
    assert found.of_page("c") == slice(0, 0)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", 10, 1.0), ("a", 10, -1.0)], r"row 2 \(a, caption 10\).*no snapshot of its page at or before its time"),
        ([("c", 10, 1.0)], "no snapshot of its page"),
        (
            [("a", 10, 1.0), ("a", 99, 7.0), ("a", 99, 8.0)],
            r"row 2 \(a, caption 99\).*not in the snapshot of 2026-01-01T06",
        ),
    ],
)
def test_a_decision_that_no_snapshot_explains_is_refused(
    tmp_path: Path, rows: list[tuple[str, int, float]], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, log=sends(rows))


def test_a_caption_that_the_rule_never_sends_is_refused(tmp_path: Path) -> None:
    log, tables = written(tmp_path, log=sends([("a", 12, 7.0), ("a", 10, 7.0)]))
    with pytest.raises(InputError, match=r"row 2 \(a, caption 10\): greedy never sends its caption"):
        read_log(log, rule=Rule("greedy", tables))


@pytest.mark.parametrize(
    ("snapshots", "message"),
    [
        (table().drop("successes"), "missing column successes"),
        (table().drop("snapshot_at"), "missing column snapshot_at or backup_us"),
        (table(failures=pl.lit(0)), r"row 1: counts below the prior 1 \(and 11 more rows\)"),
        (table(caption_id=pl.lit(10)), "row 1: two rows of one caption"),
        (table(snapshot_at=pl.lit("yesterday")), "row 1: NULL, or a time that is none"),
        (table().clear(), "holds no snapshot"),
    ],
)
def test_snapshots_that_cannot_be_used(tmp_path: Path, snapshots: pl.DataFrame, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, snapshots)


def test_a_rule_of_no_name_and_a_log_without_times_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"unknown policy 'wilson_sampel'.*wilson_sample"):
        rule_of("wilson_sampel")
    log, tables = written(tmp_path, log=sends().drop("sending_time"))
    with pytest.raises(InputError, match="which column is the time"):
        read_log(log, rule=Rule("wilson_sample", tables))


@pytest.mark.parametrize(
    ("name", "snapshots", "other"), [("wilson_sample", None, "--snapshots"), (None, "t", "--rule")]
)
def test_a_rule_needs_snapshots_and_they_need_a_rule(name: str | None, snapshots: str | None, other: str) -> None:
    with pytest.raises(InputError, match=f"needs {other}"):
        rule_from(name, snapshots)


def test_a_log_without_propensities_is_refused_unless_they_follow(tmp_path: Path) -> None:
    log, tables = written(tmp_path)
    with pytest.raises(InputError, match="which column is the propensity"):
        sim.evaluate(log)
    found = sim.evaluate(log, rule="wilson_sample", snapshots=tables, estimators=["ips"])
    assert found.rows == len(SENDS)


def test_reconstruction_has_the_mean_weight_of_a_right_log(tmp_path: Path) -> None:
    # 1 / propensity has the mean 3, the number of captions, if and only if the propensities are those of the draws.
    rng, rows = np.random.default_rng(1), 4_000
    hours = np.sort(rng.uniform(0.0, 18.0, rows))
    chances = {hour: [expected("a", hour, caption) for caption in CAPTIONS] for hour in HOURS}
    chosen = [int(rng.choice(CAPTIONS, p=chances[int(hour // 6) * 6])) for hour in hours]
    log = sends([("a", caption, float(hour)) for caption, hour in zip(chosen, hours, strict=True)])
    weight = 1.0 / read(tmp_path, log=log).propensity
    assert abs(weight.mean() - 3.0) < 4.0 * weight.std() / np.sqrt(rows)
    late = table(snapshot_at=pl.col("snapshot_at") + pl.duration(hours=-6))  # the mistake: tables of the next refresh
    wrong = 1.0 / read(tmp_path, late, log).propensity
    assert abs(wrong.mean() - 3.0) > 4.0 * wrong.std() / np.sqrt(rows)
