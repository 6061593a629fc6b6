"""Contents checks: each defect is found by its own check, and the one pass over large tables answers as the SQL."""

from datetime import UTC, datetime

import polars as pl
import pytest

from sim.errors import InputError
from sim.warehouse.base import SENDS, STATS, TargetSpec
from sim.warehouse.deploy import carry_out, plan
from sim.warehouse.schema import arrow_schema
from sim.warehouse.targets import open_target
from sim.warehouse.verify import Options, questions, row_sources
from sim.warehouse.verify.checks import shipped
from sim.warehouse.verify.merged import ask_all
from sim.warehouse.verify.questions import check_rows, parameters, read_clock
from sim.warehouse.verify.results import ask
from sim.warehouse.verify.row_scan import scan
from verify.rows import START, derived, right_rows, set_at

CONTENTS = [
    check for check in shipped().values() if check.group == "contents" and not check.parameters & {"sends", "loads"}
]
SCANNED = (2_000_000_000_000_000, 0.5)  # the clock, and the threshold of contents_observations


def later(frame):
    moved = pl.col("last_updated").dt.offset_by("1m")
    return frame.with_columns(
        pl.when(pl.int_range(pl.len()) == 9).then(moved).otherwise("last_used").alias("last_used")
    )


# What is wrong -> the checks that say so. A loose table (columns all nullable) can hold every one of them.
DEFECTS = {
    "nothing": (lambda frame: frame, set()),
    "a duplicate": (lambda frame: pl.concat([frame, frame[40:42]]), {"contents_keys", "contents_percentiles?"}),
    "unordered but unique": (lambda frame: frame.sample(fraction=1.0, shuffle=True, seed=3), set()),
    "unordered captions": (lambda frame: frame.sort("page_name", "caption_id", descending=[False, True]), set()),
    "a NULL count": (set_at("successes", None), {"contents_nulls", "contents_bounds?", "contents_observations?"}),
    "a NULL page": (set_at("page_name", None), {"contents_nulls", "contents_percentiles?"}),
    "a NULL caption": (set_at("caption_id", None), {"contents_nulls", "contents_keys?"}),
    "a NULL time": (set_at("last_updated", None), {"contents_nulls"}),
    "a negative count": (
        set_at("failures", -3),
        {"contents_ranges", "contents_observations"},
    ),
    "a lost prior": (set_at("successes", 0), {"contents_bounds", "contents_exploration", "contents_observations"}),
    "NaN revenue": (set_at("total_revenue", float("nan")), {"contents_ranges"}),
    "endless emv": (
        set_at("last_emv_observed", float("inf")),
        {"contents_ranges", "contents_revenue", "contents_units?"},
    ),
    "a rate above 1": (set_at("avg_conversion_rate", 1.5), {"contents_ranges"}),
    "a negative revenue": (set_at("total_revenue", -0.01), {"contents_ranges", "contents_revenue?"}),
    "percentile 101": (set_at("performance_percentile", 101), {"contents_ranges", "contents_percentiles?"}),
    "a stale percentile": (set_at("performance_percentile", 0, *range(60, 80)), {"contents_percentiles"}),
    "a percentile too high by one": (
        lambda frame: frame.with_columns(pl.col("performance_percentile") + 1),
        {"contents_percentiles", "contents_ranges?"},
    ),
    "EMV in another unit": (
        lambda frame: frame.with_columns(pl.col("avg_emv") * 1e6),
        {"contents_revenue", "contents_units?"},
    ),
    "a time of the year 2099": (set_at("last_updated", datetime(2099, 1, 1, tzinfo=UTC)), {"contents_future"}),
    "two spellings of a page": (
        set_at("page_name", "Page_0003", *range(1500, 1520)),
        {"contents_pages", "contents_percentiles?"},
    ),
    "a page with an invisible character": (
        lambda frame: frame.with_columns(pl.col("page_name").str.replace("3", "3\u200b")),
        {"contents_pages"},
    ),
    "a NULL percentile": (set_at("performance_percentile", None), {"contents_percentiles"}),
    "stale bounds": (set_at("confidence_lower_bound", 0.3), {"contents_bounds"}),
    "bounds a little off": (
        lambda frame: frame.with_columns(pl.col("confidence_upper_bound") + 2e-9),
        {"contents_bounds"},
    ),
    "a NULL bound": (set_at("confidence_upper_bound", None), {"contents_bounds"}),
    "a NaN bound": (set_at("confidence_upper_bound", float("nan")), {"contents_bounds"}),
    "a NULL score": (set_at("exploration_score", None), {"contents_exploration"}),
    "the score of a new row, in a used one": (
        lambda frame: frame.with_columns(
            (1 / (pl.col("successes") + pl.col("failures")).sqrt()).alias("exploration_score")
        ),
        {"contents_exploration"},
    ),
    "a time of 1970": (set_at("last_used", datetime(1970, 1, 20, tzinfo=UTC)), {"contents_times"}),
    "percentiles up to 99": (
        lambda frame: frame.with_columns(pl.min_horizontal("performance_percentile", 99)),
        {"contents_percentiles"},
    ),
    "a page counted 28 times": (
        lambda frame: (
            frame.with_columns(
                pl.when(pl.col("page_name") == "page_0001").then(pl.col("successes") * 28 - 27).otherwise("successes")
            )
            .with_columns(total_observations=pl.col("successes") + pl.col("failures") - 2)
            .pipe(derived)
        ),
        {"contents_multiples"},
    ),
    "a page without revenue": (
        lambda frame: frame.with_columns(
            pl.when(pl.col("page_name") == "page_0001")
            .then(0)
            .otherwise(pl.col(name))
            .cast(frame.schema[name])
            .alias(name)
            for name in ("avg_emv", "last_emv_observed", "total_revenue", "performance_percentile")
        ),
        {"contents_units"},
    ),
    "no revenue at all": (
        lambda frame: frame.with_columns(
            avg_emv=0.0, last_emv_observed=0.0, total_revenue=0.0, performance_percentile=pl.lit(0, pl.Int64)
        ),
        set(),
    ),
    "the mean EMV in millions": (
        lambda frame: frame.with_columns(pl.col("avg_emv") / 1e6),
        {"contents_units"},
    ),
    "used after its update": (later, {"contents_times"}),
    "more labels than observations": (
        lambda frame: frame.with_columns(pl.col("total_observations") - 1),
        {"contents_observations", "contents_ranges?"},
    ),
}


@pytest.fixture(params=["parquet", pytest.param("duckdb", marks=pytest.mark.long)])
def held(request, tmp_path):
    """Put a frame into a table of loose modes, and open the target for reading."""

    def put(frame):
        spec = TargetSpec(request.param, str(tmp_path / "warehouse"))
        if request.param == "parquet":
            (tmp_path / "warehouse" / STATS).mkdir(parents=True)
            half = frame.height // 2
            frame[:half].write_parquet(tmp_path / "warehouse" / STATS / "a.parquet", row_group_size=700)
            frame[half:].write_parquet(tmp_path / "warehouse" / STATS / "b.parquet")
        else:
            with open_target(spec) as target:
                carry_out(target, plan(target))
                target.connection.execute(f"DROP TABLE {STATS}")
                target.connection.register("frame", frame.to_arrow())
                target.connection.execute(f"CREATE TABLE {STATS} AS SELECT * FROM frame")
        return open_target(spec, read_only=True)

    return put


@pytest.mark.parametrize("defect", DEFECTS)
@pytest.mark.slow
def test_a_defect_is_found_and_the_one_pass_answers_as_the_sql(held, monkeypatch, defect):
    change, expected = DEFECTS[defect]
    monkeypatch.setattr(row_sources, "LARGE", 1)
    with held(change(right_rows())) as target:
        clock = read_clock(target, Options())
        filled = parameters(Options(), clock, CONTENTS)
        by_sql = {check.name: ask(target, check, filled)[0] for check in CONTENTS}
        merged = {result.name: result for result in ask_all(target, CONTENTS, filled)}
        by_scan = scan(target, STATS, *SCANNED) or {}
    failing = {check for check, result in by_sql.items() if result.status == "fail"}
    assert {check for check in expected if not check.endswith("?")} <= failing
    assert failing <= {check.rstrip("?") for check in expected}
    assert merged == by_sql
    assert by_scan == {check: by_sql[check] for check in by_scan}
    if defect != "unordered but unique":  # where no two rows of a page lie together the check files are as quick
        assert set(by_sql) - set(by_scan) <= {
            "contents_pages",
            "contents_keys",
            "contents_percentiles",
            "contents_units",
        }


@pytest.mark.slow
def test_the_right_table_needs_no_second_look(held, monkeypatch):
    monkeypatch.setattr(row_sources, "LARGE", 1)
    with held(right_rows()) as target:
        assert set(scan(target, STATS, *SCANNED)) == {check.name for check in CONTENTS} - {
            "contents_pages",
            "contents_units",
        }
        assert {result.status for result in check_rows(target, CONTENTS, Options())} <= {"pass", "skip"}


def test_small_tables_and_other_types_are_left_to_the_check_files(held, monkeypatch):
    with held(right_rows()) as target:
        assert scan(target, STATS, *SCANNED) is None


def test_another_type_is_left_to_the_check_files(held, monkeypatch):
    monkeypatch.setattr(row_sources, "LARGE", 1)
    with held(right_rows().with_columns(pl.col("successes").cast(pl.Int32))) as target:
        assert scan(target, STATS, *SCANNED) is None


def test_a_right_table_with_its_send_log_has_a_recount_factor(tmp_path):
    frame = right_rows(rows=200).filter(pl.col("successes") < 1000)
    sends = frame.select("page_name", "caption_id", pl.col("total_observations").alias("n")).filter(pl.col("n") > 0)
    log = sends.select(pl.col("page_name", "caption_id").repeat_by("n").explode())
    moments = pl.Series([START] * log.height).cast(pl.Datetime("us", "UTC"))
    for recount, status in ((1, "pass"), (28, "fail")):
        spec = TargetSpec("parquet", str(tmp_path / f"{recount}"))
        for name, rows in (
            (STATS, frame.with_columns(pl.col("total_observations") * recount)),
            ("mass_messages", log.with_columns(moments.alias("sending_time"))),
        ):
            (spec.path / name).mkdir(parents=True)
            rows.write_parquet(spec.path / name / "a.parquet")
        with open_target(spec, read_only=True) as target:
            result = check_rows(target, [shipped()["contents_recount"]], Options())[0]
        assert result.status == status
        assert f"recount factor {float(recount)}" in result.detail


def operations(tmp_path, frame, **options):
    spec = TargetSpec("parquet", str(tmp_path / "warehouse"))
    (spec.path / STATS).mkdir(parents=True, exist_ok=True)
    frame.write_parquet(spec.path / STATS / "a.parquet")
    with open_target(spec, read_only=True) as target:
        checks = [check for check in shipped().values() if check.group == "operations"]
        return {one.name: one for one in check_rows(target, checks, Options(**options))}


@pytest.mark.parametrize(("hours", "status"), [(1, "pass"), (9, "warn"), (13, "fail")])
def test_staleness_by_the_thresholds(tmp_path, hours, status):
    frame = right_rows(rows=50)
    newest = frame["last_updated"].max()
    as_of = pl.select(pl.lit(newest).dt.offset_by(f"{hours}h")).item().isoformat()
    assert operations(tmp_path, frame, as_of=as_of)["operations_staleness"].status == status
    loose = operations(tmp_path, frame, as_of=as_of, thresholds={"staleness_hours": (100.0, 200.0)})
    assert loose["operations_staleness"].status == "pass"


@pytest.mark.parametrize("option", ["staleness_hours", "source_hours"])
def test_a_failure_does_not_come_before_its_warning(option):
    with pytest.raises(InputError, match="warning first"):
        Options(thresholds={option: (12.0, 8.0)})


def test_an_old_local_table_is_a_record_unless_judged_by_the_clock(tmp_path):
    frame = right_rows(rows=50)
    assert operations(tmp_path, frame)["operations_staleness"].status == "skip"
    assert operations(tmp_path, frame, as_of="now")["operations_staleness"].status == "fail"


def test_an_empty_local_table_is_a_record_by_its_newest_message(tmp_path):
    """A simulated run whose update job has not run yet: its messages are as old as its calendar, and nothing waits."""
    frame, folder = right_rows(rows=50), tmp_path / "warehouse" / SENDS
    folder.mkdir(parents=True)
    messages = pl.DataFrame({"page_name": ["page_0001"], "caption_id": [1], "sending_time": frame["last_updated"][:1]})
    messages.write_parquet(folder / "a.parquet")
    assert operations(tmp_path, frame.clear())["operations_source"].status == "skip"
    assert operations(tmp_path, frame.clear(), as_of="now")["operations_source"].status in {"warn", "fail"}


def test_old_partitions_and_unused_captions_are_warned_of(tmp_path):
    frame = right_rows(rows=500)
    frame = frame.with_columns(last_used=pl.when(pl.int_range(pl.len()) % 5 == 0).then(None).otherwise("last_used"))
    frame = frame.with_columns(total_observations=pl.when(pl.int_range(pl.len()) % 5 == 0).then(0).otherwise(1))
    found = operations(tmp_path, frame, thresholds={"partition_days": (30.0,), "unused_share": (0.1,)})
    assert found["operations_partitions"].status == "warn"
    assert found["operations_unused"].status == "warn"
    found = operations(tmp_path, frame, thresholds={"partition_days": (100.0,), "unused_share": (0.9,)})
    assert found["operations_partitions"].status == "pass"
    assert found["operations_unused"].status == "pass"


@pytest.mark.parametrize(("observations", "never"), [(1, 0), (0, 9), (None, 9)])
def test_a_caption_without_last_used_counts_as_never_sent_only_without_observations(tmp_path, observations, never):
    frame = right_rows(rows=50).with_columns(last_used=pl.col("last_updated"))
    nine = range(9)
    frame = set_at("total_observations", observations, *nine)(set_at("last_used", None, *nine)(frame))
    found = operations(tmp_path, frame, thresholds={"unused_share": (0.1,)})["operations_unused"]
    assert found.status == ("warn" if never else "pass")
    assert found.detail == f"{never} of 50 captions were never sent, 9 not used since their row was made"


def descending_rows():
    return DEFECTS["unordered captions"][0](right_rows())


@pytest.mark.parametrize(
    ("order", "slow"), [(right_rows, ["contents_pages"]), (descending_rows, ["contents_keys", "contents_pages"])]
)
@pytest.mark.slow
def test_checks_of_many_rows_that_need_their_file_are_reported(held, monkeypatch, order, slow):
    monkeypatch.setattr(row_sources, "LARGE", 1)
    monkeypatch.setattr(questions, "SLOW_FROM_ROWS", 1)
    told = []
    with held(order()) as target:
        check_rows(target, CONTENTS, Options(), told.append)
    assert told == [f"{', '.join([*slow, 'contents_units'])}: many rows, this takes a while …"]


def test_the_table_has_the_schema():
    assert right_rows(rows=10).columns == arrow_schema(STATS).names


@pytest.mark.parametrize("sizes", [[5], [3, 3, 3], [10, 1], [1, 10, 1], [4, 4], [25], [8, 1, 1, 9], [10, 10]])
def test_parquet_files_are_read_whole_and_in_order(tmp_path, monkeypatch, sizes):
    monkeypatch.setattr(row_sources, "SLICE", 10)
    files, start = [], 0
    for at, size in enumerate(sizes):
        files.append(tmp_path / f"{at}.parquet")
        right_rows(rows=60, pages=1)[start : start + size].write_parquet(files[-1])
        start += size
    batches = [batch for run in row_sources._runs(files) for batch in row_sources._files(*run)]
    captions = [value for batch in batches for value in batch.columns[0].to_pylist()]
    assert captions == right_rows(rows=60, pages=1)["caption_id"][: sum(sizes)].to_list()
