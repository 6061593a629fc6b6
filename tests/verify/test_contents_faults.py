"""Faulty rows: each fails a check of the contents or of the operation, named where the fault is a frequent one."""

import unicodedata
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from sim.warehouse.base import SENDS, STATS, TargetSpec
from sim.warehouse.schema import arrow_schema
from sim.warehouse.targets import open_target
from sim.warehouse.verify import Options, verify
from verify.further_faults import EMV, PAGE, PERCENTILE, percentile, recounted
from verify.further_faults import ROWS as FURTHER
from verify.rows import NOW, derived, right_rows, set_at

pytestmark = pytest.mark.slow

LABELS = ("successes", "failures")


def some_pages(change):
    """Change the name of every third row of the first page."""
    third = (PAGE == "page_0000") & (pl.int_range(pl.len()) % 3 == 0)
    return lambda rows: rows.with_columns(pl.when(third).then(change(PAGE)).otherwise(PAGE).alias("page_name"))


def shifted(column, **by):
    return lambda rows: rows.with_columns(pl.col(column).dt.offset_by("".join(f"{v}{k}" for k, v in by.items())))


RANK = EMV.rank("min")
WITHIN = (RANK - 1) / (pl.len() - 1)
FAULTS = {
    "percentiles NULL": (percentile(pl.lit(None)), "contents_percentiles"),
    "one percentile NULL": (set_at("performance_percentile", None), "contents_percentiles"),
    "percentiles one too high": (percentile(PERCENTILE + 1), "contents_percentiles"),
    "percentiles one too low": (percentile(PERCENTILE - 1), "contents_percentiles"),
    "percentiles five too high": (percentile(pl.min_horizontal(PERCENTILE + 5, 100)), "contents_percentiles"),
    "percentiles over the whole table": (percentile(WITHIN * 100), "contents_percentiles"),
    "percentiles by CUME_DIST": (
        percentile((EMV.rank("max") / pl.len()).over("page_name") * 100),
        "contents_percentiles",
    ),
    "percentiles by NTILE": (
        percentile((EMV.rank("ordinal") * 100 / pl.len()).over("page_name").ceil()),
        "contents_percentiles",
    ),
    "percentiles by dense rank": (
        percentile(((EMV.rank("dense") - 1) / (EMV.n_unique() - 1)).over("page_name") * 100),
        "contents_percentiles",
    ),
    "percentiles by row number": (
        percentile(((EMV.rank("ordinal") - 1) / (pl.len() - 1)).over("page_name") * 100),
        "contents_percentiles",
    ),
    "percentiles by average rank": (
        percentile(((EMV.rank("average") - 1) / (pl.len() - 1)).over("page_name") * 100),
        "contents_percentiles",
    ),
    "percentiles of n rows": (percentile(((RANK - 1) / pl.len()).over("page_name") * 100), "contents_percentiles"),
    "percentiles upside down": (percentile(100 - PERCENTILE), "contents_percentiles"),
    "percentiles by successes": (
        percentile(((pl.col("successes").rank("min") - 1) / (pl.len() - 1)).over("page_name") * 100),
        "contents_percentiles",
    ),
    "percentiles as shares": (percentile(PERCENTILE / 100), "contents_percentiles"),
    "percentiles of some rows stale": (set_at("performance_percentile", 0, *range(60, 80)), "contents_percentiles"),
    "one row of 2099": (set_at("last_updated", datetime(2099, 1, 1, tzinfo=UTC)), "contents_future"),
    "last_used of 2099": (set_at("last_used", datetime(2099, 1, 1, tzinfo=UTC)), "contents_future"),
    "all rows a day ahead": (shifted("last_updated", d=91), "contents_future"),
    "used after the update": (shifted("last_used", h=1), "contents_times"),
    "names with a blank at the end": (some_pages(lambda name: name + " "), "contents_pages"),
    "names with a blank before": (some_pages(lambda name: pl.lit(" ") + name), "contents_pages"),
    "names with a tab": (some_pages(lambda name: name + "\t"), "contents_pages"),
    "names with a no-break space": (some_pages(lambda name: name + "\u00a0"), "contents_pages"),
    "names with a zero-width space": (some_pages(lambda name: name + "\u200b"), "contents_pages"),
    "names with a zero-width joiner": (some_pages(lambda name: name.str.replace("_", "_\u200d")), "contents_pages"),
    "names with a byte order mark": (some_pages(lambda name: pl.lit("\ufeff") + name), "contents_pages"),
    "names with a soft hyphen": (some_pages(lambda name: name.str.replace("_", "_\u00ad")), "contents_pages"),
    "names in capitals": (some_pages(lambda name: name.str.to_uppercase()), "contents_pages"),
    "names with one capital": (some_pages(lambda name: name.str.replace("p", "P")), "contents_pages"),
    "names with a blank within": (some_pages(lambda name: name.str.replace("_", " _")), "contents_pages"),
    "every name with a blank at the end": (lambda rows: rows.with_columns(PAGE + " "), "contents_pages"),
    "counted 28 times": (recounted(28), "contents_multiples"),
    "counted 24 times": (recounted(24), "contents_multiples"),
    "counted 7 times": (recounted(7), "contents_multiples"),
    "counted 3 times": (recounted(3), "contents_multiples"),
    "counted twice": (recounted(2), "contents_multiples"),
    "revenue zero": (lambda rows: rows.with_columns(total_revenue=pl.lit(0.0)), "contents_revenue"),
    "revenue in cents of a cent": (lambda rows: rows.with_columns(pl.col("total_revenue") / 1e4), "contents_revenue"),
    "EMV times a million": (lambda rows: rows.with_columns(EMV * 1e6), "contents_revenue"),
    "EMV in cents": (lambda rows: rows.with_columns(EMV * 100), "contents_revenue"),
    "the last EMV times a million": (
        lambda rows: rows.with_columns(pl.col("last_emv_observed") * 1e6),
        "contents_revenue",
    ),
    "negative revenue": (lambda rows: rows.with_columns(-pl.col("total_revenue")), "contents_ranges"),
    "NaN revenue": (set_at("total_revenue", float("nan")), "contents_ranges"),
    "infinite EMV": (set_at("last_emv_observed", float("inf")), "contents_ranges"),
    "conversion in percent": (
        lambda rows: rows.with_columns(pl.col("avg_conversion_rate") * 100),
        "contents_ranges",
    ),
    "negative counts": (set_at("failures", -3), "contents_ranges"),
    "a duplicate": (lambda rows: pl.concat([rows, rows[40:42]]), "contents_keys"),
    "every row twice": (lambda rows: pl.concat([rows, rows]), "contents_keys"),
    "ids through a float": (
        lambda rows: rows.with_columns((pl.col("caption_id") // 10**9) * 10**9),
        "contents_keys",
    ),
    "a NULL count": (set_at("successes", None), "contents_nulls"),
    "a NULL page": (set_at("page_name", None), "contents_nulls"),
    "a NULL time": (set_at("last_updated", None), "contents_nulls"),
    "counts NULL everywhere": (lambda rows: rows.with_columns(successes=pl.lit(None, pl.Int64)), "contents_nulls"),
    "stale bounds": (set_at("confidence_lower_bound", 0.3), "contents_bounds"),
    "bounds NULL": (lambda rows: rows.with_columns(confidence_upper_bound=pl.lit(None, pl.Float64)), "contents_bounds"),
    "bounds off by 2e-9": (lambda rows: rows.with_columns(pl.col("confidence_upper_bound") + 2e-9), "contents_bounds"),
    "bounds exchanged": (
        lambda rows: rows.rename({"confidence_upper_bound": "confidence_lower_bound",
                                  "confidence_lower_bound": "confidence_upper_bound"}).select(rows.columns),
        "contents_bounds",
    ),
    "counts exchanged": (
        lambda rows: rows.rename({"successes": "failures", "failures": "successes"}).select(rows.columns),
        "contents_bounds",
    ),
    "a score without the root": (
        lambda rows: rows.with_columns(pl.col("exploration_score") ** 2),
        "contents_exploration",
    ),
    "scores NULL": (lambda rows: rows.with_columns(exploration_score=pl.lit(None, pl.Float64)), "contents_exploration"),
    "the prior lost": (
        lambda rows: derived(rows.with_columns(*(pl.col(name) - 1 for name in LABELS))),
        "contents_observations",
    ),
    "the prior twice": (
        lambda rows: derived(rows.with_columns(*(pl.col(name) + 1 for name in LABELS))),
        "contents_observations",
    ),
    "observations lost": (lambda rows: rows.with_columns(total_observations=pl.lit(0)), "contents_observations"),
}  # fmt: skip


def put(folder, table, rows):
    (folder / table).mkdir(parents=True)
    rows.write_parquet(folder / table / "a.parquet")


def failing(folder, **options):
    options = {"only": ("contents", "operations"), "as_of": NOW.isoformat(), **options}
    with open_target(TargetSpec("parquet", str(folder)), read_only=True) as target:
        return {one.name: one for one in verify(target, Options(**options)) if one.status == "fail"}


RIGHT = right_rows(rows=2000, used=NOW)


@pytest.mark.parametrize("fault", FAULTS)
def test_faulty_rows_fail_the_check_meant_for_them(tmp_path, fault):
    change, check = FAULTS[fault]
    put(tmp_path, STATS, change(RIGHT))
    assert check in failing(tmp_path)


SILENT = ("revenue", "zero with both EMVs")  # it looks like a simulated world without money: see docs/verify.md
# One in six by default; tests/verify/test_share_of_faults.py tries all of them.
MORE = [(family, name) for family, changes in FURTHER.items() for name in changes if (family, name) != SILENT][::6]


@pytest.mark.parametrize(("family", "fault"), MORE)
def test_further_faults_fail(tmp_path, family, fault):
    put(tmp_path, STATS, FURTHER[family][fault](RIGHT))
    assert failing(tmp_path)


def test_right_rows_pass(tmp_path):
    put(tmp_path, STATS, RIGHT)
    assert failing(tmp_path) == {}


def test_a_decomposed_name_is_another_spelling(tmp_path):
    rows = RIGHT.with_columns(PAGE.str.replace("page", "pagé"))
    put(tmp_path / "one", STATS, rows)
    assert failing(tmp_path / "one") == {}
    third = pl.int_range(pl.len()) % 3 == 0
    decomposed = PAGE.str.replace("pagé", unicodedata.normalize("NFD", "pagé"))
    put(tmp_path / "two", STATS, rows.with_columns(pl.when(third).then(decomposed).otherwise(PAGE).alias("page_name")))
    assert "contents_pages" in failing(tmp_path / "two")


def send_log(rows, times=1, newest=NOW):
    """A log with `times` messages per observation, all viewed, the newest a few hours before `newest`."""
    each = pl.col("total_revenue") / pl.col("total_observations") / times
    log = rows.select(
        "page_name", "caption_id", each.alias("earnings"), pl.col("total_observations").alias("n") * times
    )
    log = log.filter(pl.col("n").is_between(1, 1000))
    log = log.select(pl.col("page_name", "caption_id", "earnings").repeat_by("n").explode())
    hours = np.random.default_rng(7).integers(30, 2000, log.height)
    sent = pl.Series([newest - timedelta(hours=int(one)) for one in hours]).cast(pl.Datetime("us", "UTC"))
    frame = log.with_columns(sending_time=sent, viewed_count=pl.lit(10, pl.Int64))
    schema = pl.from_arrow(arrow_schema(SENDS).empty_table())
    return pl.concat([schema, frame], how="diagonal")


RANKED = percentile((WITHIN.over("page_name") * 100).fill_nan(0.0))
LOGGED = RANKED(RIGHT.filter(pl.col("total_observations") < 1000))
WITH_LOG = {
    "half of the rows missing": (lambda rows, log: (rows[::2], log), "contents_missing"),
    "a page missing": (lambda rows, log: (rows.filter(PAGE != "page_0003"), log), "contents_missing"),
    "one row in ten missing": (
        lambda rows, log: (rows.filter(pl.int_range(pl.len()) % 10 > 0), log),
        "contents_missing",
    ),
    "counted twice": (lambda rows, log: (recounted(2)(rows), log), "contents_recount"),
    "counted 28 times": (lambda rows, log: (recounted(28)(rows), log), "contents_recount"),
    "counted one in ten twice": (
        lambda rows, log: (rows.with_columns((pl.col("total_observations") * 1.1 + 0.5).cast(pl.Int64)), log),
        "contents_recount",
    ),
    "one caption in twelve missing": (
        lambda rows, log: (rows.filter(pl.int_range(pl.len()) % 12 > 0), log),
        "contents_missing",
    ),
    "the captions of the last weeks missing": (
        lambda rows, log: (rows.filter(pl.col("last_updated") < NOW - timedelta(days=30)), log),
        "contents_missing",
    ),
    "a page missing from the table under another name": (
        lambda rows, log: (rows.with_columns(PAGE.str.replace("page_0003", "page_3003")), log),
        "contents_missing",
    ),
    "earnings lost": (
        lambda rows, log: (rows.with_columns(pl.col("total_revenue", "avg_emv", "last_emv_observed") / 3), log),
        "contents_earnings",
    ),
    "earnings a hundred times": (
        lambda rows, log: (rows.with_columns(pl.col("total_revenue", "avg_emv", "last_emv_observed") * 100), log),
        "contents_earnings",
    ),
    "earnings NULL": (
        lambda rows, log: (rows.with_columns(total_revenue=pl.lit(None, pl.Float64)), log),
        "contents_earnings",
    ),
    "an old log": (
        lambda rows, log: (rows, log.with_columns(pl.col("sending_time").dt.offset_by("-5d"))),
        "operations_source",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", WITH_LOG)
def test_rows_that_contradict_the_log_fail(tmp_path, fault):
    change, check = WITH_LOG[fault]
    rows, log = change(LOGGED, send_log(LOGGED))
    put(tmp_path, STATS, rows)
    put(tmp_path, SENDS, log)
    assert check in failing(tmp_path)


def test_rows_that_agree_with_the_log_pass(tmp_path):
    put(tmp_path, STATS, LOGGED)
    put(tmp_path, SENDS, send_log(LOGGED))
    assert failing(tmp_path) == {}


@pytest.mark.parametrize("factor", [2, 28])
def test_the_recount_factor_is_named(tmp_path, factor):
    put(tmp_path, STATS, recounted(factor)(LOGGED))
    put(tmp_path, SENDS, send_log(LOGGED))
    assert f"recount factor {factor}.0" in failing(tmp_path)["contents_recount"].detail


def test_rows_that_the_manifest_counts_and_the_table_lacks_fail(tmp_path):
    from sim.cli import exit_code

    assert exit_code(["seed", "--rows", "2000", "--to", f"parquet:{tmp_path}", "--quiet"]) == 0
    assert failing(tmp_path, as_of="auto") == {}
    [file] = (tmp_path / STATS).glob("*.parquet")
    rows = pl.read_parquet(file)
    rows.filter(PAGE.is_in(PAGE.unique().implode()))[: len(rows) // 2].write_parquet(file)
    assert "contents_manifest" in failing(tmp_path, as_of="auto")


@pytest.mark.parametrize(("hours", "fails"), [(5, False), (13, True)])
def test_a_table_that_is_not_updated_fails(tmp_path, hours, fails):
    put(tmp_path, STATS, RIGHT)
    newest = RIGHT["last_updated"].max()
    assert ("operations_staleness" in failing(tmp_path, as_of=(newest + timedelta(hours=hours)).isoformat())) is fails
