"""Several checks of one table as one statement, so that a warehouse reads the table once.

A check joins in where its statement is `SELECT aggregates FROM table` or `SELECT aggregates FROM (SELECT columns FROM
table)`. Merged, the aggregates of all checks stand over one inner SELECT with the columns of all of them:

    SELECT <status of A> AS status_0, <detail of A> AS detail_0, <status of B> AS status_1, …
    FROM (SELECT <column of A> AS c0_missing, <column of B> AS c1_gap, … FROM table [WHERE …])

Each check's columns get a prefix of their own, so names never collide.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from sqlglot import exp

from sim.warehouse.base import StatementError, Target
from sim.warehouse.translate import parse
from sim.warehouse.verify.checks import Check
from sim.warehouse.verify.results import Parameters, Result, Status, ask, fill, refusal

_SIMPLE = {"kind", "expressions", "from_", "from"}  # parts that a SELECT may have to be merged


@dataclass(frozen=True)
class Part:
    """A check in pieces: its aggregates, the columns that they read by name, and the table."""

    check: Check
    status: exp.Expression
    detail: exp.Expression
    columns: dict[str, exp.Expression]
    table: exp.Table


@dataclass(frozen=True)
class Scan:
    """One statement, and the parts that it answers; without parts it answers one check in its own words.

    `since`: only rows updated since then.
    """

    statement: str
    checks: tuple[Check, ...]
    parts: tuple[Part, ...] = ()
    since: datetime | None = None


def scans(target: Target, checks: Sequence[Check], parameters: Parameters, since: datetime | None = None) -> list[Scan]:
    """The statements that answer `checks`: one for all that can share it, and one for each other.

    `since`: only rows updated since then; it needs a check that can share. The age of the table is asked of all rows:
    of a table that nobody updated since then, the others have nothing to say.
    """
    parts = [part for check in checks if (part := split(target, check, parameters)) is not None]
    shared = {part.check.name for part in parts}
    ages = [part for part in parts if since is not None and part.check.asks_age]
    rows = [part for part in parts if part not in ages]
    limited = ((rows, since), (ages, None))
    together = [Scan(merge(some, limit), _checks(some), tuple(some), limit) for some, limit in limited if some]
    return together + [Scan(fill(target, one, parameters), (one,)) for one in checks if one.name not in shared]


def _checks(parts: Iterable[Part]) -> tuple[Check, ...]:
    return tuple(part.check for part in parts)


def ask_all(
    target: Target, checks: Sequence[Check], parameters: Parameters, since: datetime | None = None
) -> list[Result]:
    """The answers of SQL checks, in order, by the statements of `scans`.

    Where the engine refuses the common statement, each check is asked alone, so that the refusal names the right one.
    """
    answers: dict[str, list[Result]] = {}
    for scan in scans(target, checks, parameters, since):
        answers |= _answers(target, scan, parameters)
    return [one for check in checks for one in answers[check.name]]


def _answers(target: Target, scan: Scan, parameters: Parameters) -> dict[str, list[Result]]:
    if not scan.parts:
        return {scan.checks[0].name: ask(target, scan.checks[0], parameters)}
    try:
        row = target.query(scan.statement).to_pylist()[0]
    except StatementError as error:
        if len(scan.parts) == 1:
            return {scan.checks[0].name: [refusal(scan.checks[0], error)]}
        singles = [Scan(merge([part], scan.since), (part.check,), (part,)) for part in scan.parts]
        return {name: one for single in singles for name, one in _answers(target, single, parameters).items()}
    return {
        part.check.name: [Result(part.check, Status(row[f"status_{i}"]), row[f"detail_{i}"] or "no rows")]
        for i, part in enumerate(scan.parts)
    }


def split(target: Target, check: Check, parameters: Parameters) -> Part | None:
    """The pieces of a check's statement; None where it has another shape and is asked alone."""
    if "table" not in check.parameters:
        return None
    pieces = _pieces(fill(target, check, parameters))
    return None if pieces is None else Part(check, *pieces)


@cache
def _pieces(
    statement: str,
) -> tuple[exp.Expression, exp.Expression, dict[str, exp.Expression], exp.Table] | None:
    """Status, detail, columns and table of a statement of the usual shape; `merge` copies them."""
    outer = parse(statement)
    source = _source(outer)
    if source is None or not isinstance(outer, exp.Select):
        return None
    named = {one.alias: one.this for one in outer.expressions}
    if set(named) != {"check", "status", "detail"}:
        return None
    if isinstance(source, exp.Table):
        used = {column.name for one in outer.expressions for column in one.find_all(exp.Column)}
        return named["status"], named["detail"], {name: exp.column(name) for name in sorted(used)}, source
    inner = source.this
    table = _source(inner)
    if not isinstance(table, exp.Table):
        return None
    columns = {one.alias_or_name: one.unalias() for one in inner.expressions}
    return named["status"], named["detail"], columns, table


def _source(select: exp.Expression) -> exp.Expression | None:
    """What a plain SELECT reads: a table or a subquery; None where it does anything else than select."""
    if not isinstance(select, exp.Select):
        return None
    if any(value for key, value in select.args.items() if key not in _SIMPLE):
        return None
    found = select.args.get("from_") or select.args.get("from")
    source = found.this if found is not None else None
    return source if isinstance(source, (exp.Table, exp.Subquery)) else None


def merge(parts: Sequence[Part], since: datetime | None = None) -> str:
    """One GoogleSQL statement with `status_i` and `detail_i` of part i, over the table of the first part."""
    outer, inner = exp.Select(), exp.Select()
    for i, part in enumerate(parts):
        for name, value in part.columns.items():
            inner = inner.select(exp.alias_(value.copy(), f"c{i}_{name}", copy=False), copy=False)
        for label, aggregate in (("status", part.status), ("detail", part.detail)):
            outer = outer.select(exp.alias_(_prefixed(aggregate, f"c{i}_"), f"{label}_{i}", copy=False), copy=False)
    inner = inner.from_(parts[0].table.copy(), copy=False)
    if since is not None:  # a literal: BigQuery then reads only the partitions since
        moment = since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00")
        inner = inner.where(f"last_updated >= TIMESTAMP '{moment}'", dialect="bigquery", copy=False)
    return outer.from_(inner.subquery(copy=False), copy=False).sql(dialect="bigquery")


def _prefixed(aggregate: exp.Expression, prefix: str) -> exp.Expression:
    copy = aggregate.copy()
    for column in list(copy.find_all(exp.Column)):
        column.replace(exp.column(prefix + column.name))
    return copy
