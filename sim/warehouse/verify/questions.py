"""The checks that SQL answers about rows: contents, operations, and the user's own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sql
from sim.warehouse.base import StatementError, Target
from sim.warehouse.verify.checks import Check, from_folder, shipped
from sim.warehouse.verify.merged import ask_all
from sim.warehouse.verify.options import Options
from sim.warehouse.verify.results import Result, Status

LOADS = "caption_sim_loads"
STALE_AFTER = timedelta(days=30)  # an older local table is a record
SLOW_FROM_ROWS = 10_000_000  # from here a check file takes seconds

Progress = Callable[[str], None]


def no_progress(message: str) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Clock:
    """The times that ages are measured from; `live`: whether the table is in use, so that its age means something."""

    clock: datetime
    as_of: datetime
    live: bool


def row_checks(options: Options) -> list[Check]:
    """All SQL checks of rows, in order: shipped ones by group, then those of the user's folders."""
    ours = [check for group in ("contents", "operations") for check in shipped().values() if check.group == group]
    return [*ours, *(check for folder in options.checks for check in from_folder(folder))]


def check_rows(
    target: Target, checks: Sequence[Check], options: Options, progress: Progress = no_progress
) -> list[Result]:
    """The answers of `checks`, in order; a check whose table is missing is skipped, saying so."""
    clock = read_clock(target, options)
    skipped = unaskable(target, checks, options, clock)
    known = _one_pass(target, options, clock) if options.since is None else {}
    open_ = [check for check in checks if check.name not in skipped and check.name not in known]
    if open_ and ((found := target.describe(options.table)) is not None) and (found.rows or 0) >= SLOW_FROM_ROWS:
        progress(f"{', '.join(check.name for check in open_)}: many rows, this takes a while …")
    asked = ask_all(target, open_, parameters(options, clock, checks), since(options, clock))
    answers: dict[str, list[Result]] = {}
    for one in asked:
        answers.setdefault(one.name, []).append(one)
    skips = {check.name: Result(check, Status.SKIP, skipped[check.name]) for check in checks if check.name in skipped}
    return [one for check in checks for one in _answer(check, skips, known, answers)]


def _answer(
    check: Check, skips: Mapping[str, Result], known: Mapping[str, Result], answers: Mapping[str, list[Result]]
) -> list[Result]:
    single = skips.get(check.name) or known.get(check.name)
    return [single] if single else answers.get(check.name, [])


def parameters(options: Options, clock: Clock, checks: Iterable[Check]) -> dict[str, sql.Parameter]:
    """Every parameter that a check's statement may name."""
    filled: dict[str, sql.Parameter] = {
        "table": options.table,
        "sends": options.sends,
        "loads": LOADS,
        "draws": options.draws,
        "clock_us": micros(clock.clock),
        "now_us": micros(clock.as_of),
        "as_of_us": micros(clock.as_of),
    }
    for check in checks:
        for one in check.thresholds:
            filled |= one.parameters(options.thresholds.get(one.name, one.default))
    return filled


def read_clock(target: Target, options: Options) -> Clock:
    """The moment by which ages are judged, and whether the table is live.

    `auto` is the clock for BigQuery, and for local tables updated within 30 days; an older local table is a record
    (seeded rows, a simulated run), as of its newest row, or, while the update job has written none, its newest message.
    """
    now = datetime.now(UTC)
    if options.moment is not None:
        return Clock(options.moment, options.moment, live=True)
    if options.as_of == "now" or (options.as_of == "auto" and target.spec.kind == "bigquery"):
        return Clock(now, now, live=True)
    newest = _newest(target, "newest_row", table=options.table)
    if options.as_of == "latest" and newest is not None:
        return Clock(newest, newest, live=False)
    newest = newest or _newest(target, "newest_message", sends=options.sends)
    recorded = newest is not None and now - newest > STALE_AFTER
    return Clock(now, newest, live=False) if recorded and newest else Clock(now, now, live=True)


def _newest(target: Target, probe: str, **named: str) -> datetime | None:
    """The time that a probe finds in the one table that is named; None without such a table or row."""
    if any(target.describe(table) is None for table in named.values()):
        return None
    try:
        found = target.query(target.statement(f"probes/{probe}", **named)).to_pylist()[0]["newest_us"]
    except StatementError:
        return None  # the column is no time; the checks of the type and of the age say so
    return None if found is None else datetime.fromtimestamp(found / 1e6, UTC)


def unaskable(target: Target, checks: Sequence[Check], options: Options, clock: Clock) -> dict[str, str]:
    """The checks that are skipped, by name, with the reason."""
    absent = _absent(target, checks, options)
    return {check.name: why for check in checks if (why := _unaskable(check, absent, options, clock))}


def _absent(target: Target, checks: Sequence[Check], options: Options) -> dict[str, str]:
    """Tables that some check reads and the target does not have, by the parameter that names them."""
    named = {"table": options.table, "sends": options.sends, "loads": LOADS}
    read = {
        parameter: table for parameter, table in named.items() if any(parameter in one.parameters for one in checks)
    }
    return {parameter: table for parameter, table in read.items() if target.describe(table) is None}


def _unaskable(check: Check, absent: Mapping[str, str], options: Options, clock: Clock) -> str:
    """Why a check is skipped; empty if it is asked."""
    for parameter in sorted(check.parameters & absent.keys()):
        return f"no table {absent[parameter]}"
    if check.asks_age and not clock.live:
        return f"a record as of {clock.as_of:%Y-%m-%d %H:%M} UTC; --as-of now judges it by the clock"
    if options.since is not None and (check.whole_table or "table" not in check.parameters):
        return "needs the whole table; run without --since"
    return ""


def _one_pass(target: Target, options: Options, clock: Clock) -> dict[str, Result]:
    """What one pass over a large local table can answer, where the functions there are the project's own."""
    if target.spec.kind == "bigquery":
        return {}
    found = target.routine("wilson_score_bounds")
    if found is not None and not target.same_body(found.body, target.expected_body(found.name)):
        return {}
    from sim.warehouse.verify.row_scan import scan  # noqa: PLC0415  (Arrow's reader, for local targets only)

    share = options.thresholds.get("unlabelled_share", shipped()["contents_observations"].thresholds[0].default)[0]
    return scan(target, options.table, micros(clock.clock), share) or {}


def since(options: Options, clock: Clock) -> datetime | None:
    """The time from which rows count, by --since; None for all rows."""
    return None if options.since is None else clock.as_of - options.since


def micros(moment: datetime) -> int:
    """Microseconds of the Unix epoch."""
    return round(moment.timestamp() * 1e6)
