"""(e) The rows of the table, and (f) its operation: the check files of `sql/`, with the thresholds of the options."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sim.errors import InputError
from sim.warehouse.base import StatementError, Target
from sim.warehouse.verify.options import Options
from sim.warehouse.verify.results import Result, ask

CONTENTS = (
    "contents_keys",
    "contents_nulls",
    "contents_ranges",
    "contents_bounds",
    "contents_exploration",
    "contents_percentiles",
    "contents_times",
    "contents_observations",
)
OPERATIONS = ("operations_staleness", "operations_partitions", "operations_unused")
SOURCE = ("operations_source", "operations_rate")
BY_THE_CLOCK = ("operations_staleness", "operations_source")
ABANDONED = timedelta(days=30)
PATIENCE = 10_000_000  # rows from which a check file takes seconds

Tell = Callable[[str], None]


def silent(words: str) -> None:
    """Tell nobody."""


def check_contents(target: Target, options: Options, tell: Tell = silent) -> list[Result]:
    """What is stored, against the functions and against itself; with a send log, the recount factor.

    `tell` is called with the name of each check that takes long.
    """
    quick = _one_pass(target, options.table)
    many = (getattr(target.describe(options.table), "rows", 0) or 0) >= PATIENCE
    results: list[Result] = []
    for check in CONTENTS:
        if many and check not in quick:
            tell(f"{check} of many rows, by its check file …")
        results += [quick[check]] if check in quick else ask(target, "contents", check, table=options.table)
    if target.describe(options.sends) is None:
        return [*results, Result("contents", "contents_recount", "skip", f"no send log {options.sends}")]
    recount = ask(
        target,
        "contents",
        "contents_recount",
        table=options.table,
        sends=options.sends,
        limit=options.recount_limit,
    )
    return [*results, *recount]


def _one_pass(target: Target, table: str) -> dict[str, Result]:
    """What one pass over a large local table can answer, where the functions there are the project's own."""
    if target.spec.kind == "bigquery":
        return {}
    found = target.routine("wilson_score_bounds")
    if found is not None and not target.same_body(found.body, target.expected_body(found.name)):
        return {}
    from sim.warehouse.verify.row_scan import scan  # noqa: PLC0415  (Arrow's reader, for local targets only)

    return scan(target, table) or {}


def check_operations(target: Target, options: Options) -> list[Result]:
    """Staleness, age and use, as of `options.as_of`."""
    moment, live = as_of(target, options)
    table, now_us = options.table, _micros(moment)
    warn, critical = options.staleness_hours
    stale: dict[str, float] = {"as_of_us": now_us, "warn_hours": warn, "critical_hours": critical}
    old: dict[str, float] = {"as_of_us": now_us, "days": options.partition_days}
    results = [
        *ask(target, "operations", "operations_staleness", table=table, **stale),
        *ask(target, "operations", "operations_partitions", table=table, **old),
        *ask(target, "operations", "operations_unused", table=table, share=options.unused_share),
        *_source(target, options, now_us),
    ]
    return results if live else [_not_live(one, moment) for one in results]


def as_of(target: Target, options: Options) -> tuple[datetime, bool]:
    """The moment by which age is judged, and whether that is the clock's.

    `auto` is the clock for BigQuery, and for local tables updated within 30 days; an older local table is a record
    (seeded rows, a simulated run), as of its newest row.
    """
    now = datetime.now(UTC)
    if options.as_of not in {"auto", "latest"}:
        return (now if options.as_of == "now" else _parsed(options.as_of)), True
    newest = _newest(target, options.table)
    recorded = options.as_of == "latest" or (target.spec.kind != "bigquery" and newest and now - newest > ABANDONED)
    return (newest, False) if recorded and newest else (now, True)


def _source(target: Target, options: Options, now_us: int) -> list[Result]:
    if target.describe(options.sends) is None:
        return [Result("operations", check, "skip", f"no send log {options.sends}") for check in SOURCE]
    warn, critical = options.source_hours
    hours: dict[str, float] = {"as_of_us": now_us, "warn_hours": warn, "critical_hours": critical}
    return [
        *ask(target, "operations", "operations_source", sends=options.sends, **hours),
        *ask(target, "operations", "operations_rate", sends=options.sends, per_hour=options.messages_per_hour),
    ]


def _not_live(result: Result, moment: datetime) -> Result:
    if result.check not in BY_THE_CLOCK:
        return result
    detail = f"a record as of {moment:%Y-%m-%d %H:%M} UTC; --as-of now judges it by the clock"
    return replace(result, status="skip", detail=detail)


def _newest(target: Target, table: str) -> datetime | None:
    statement = target.statement("probes/newest_row", table=table)
    try:
        found = target.query(statement).to_pylist()[0]["newest_us"]
    except StatementError:
        return None  # last_updated is no time; the checks of the type and of the age say so
    return None if found is None else datetime.fromtimestamp(found / 1e6, UTC)


def _parsed(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"--as-of {text!r}", "auto, now, latest, or a time such as 2025-04-01T00:00:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)
