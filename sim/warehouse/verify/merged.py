"""Several checks of one table as one statement, so that a warehouse reads the table once.

A check joins in where its statement is `SELECT aggregates FROM table` or `SELECT aggregates FROM (SELECT columns FROM
table)`. Merged, the aggregates of all checks stand over one inner SELECT with the columns of all of them:

    SELECT <status of A> AS status_0, <detail of A> AS detail_0, <status of B> AS status_1, …
    FROM (SELECT <column of A> AS c0_missing, <column of B> AS c1_gap, … FROM table [WHERE …])

Each check's columns get a prefix of their own, so names never collide.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from sim.warehouse.base import StatementError, Target
from sim.warehouse.translate import parse
from sim.warehouse.verify.checks import Check
from sim.warehouse.verify.results import Parameters, Result, Status, ask, fill

_SIMPLE = {"kind", "expressions", "from_", "from"}  # parts that a SELECT may have to be merged


@dataclass(frozen=True)
class Part:
    """A check in pieces: its aggregates, the columns that they read by name, and the table."""

    check: Check
    status: exp.Expression
    detail: exp.Expression
    columns: dict[str, exp.Expression]
    table: exp.Table


def ask_all(
    target: Target, checks: Sequence[Check], parameters: Parameters, since_us: int | None = None
) -> list[Result]:
    """The answers of SQL checks, in order, with one statement for all that can share it.

    `since_us`: only rows updated since then, microseconds of the Unix epoch. Where the engine refuses the common
    statement, each check is asked alone, so that the refusal names the right one.
    """
    parts = [part for check in checks if (part := split(target, check, parameters)) is not None]
    answers = _asked_together(target, parts, since_us) if len(parts) > 1 or since_us is not None else {}
    return [one for check in checks for one in answers.get(check.name) or _alone(target, check, parameters, since_us)]


def _alone(target: Target, check: Check, parameters: Parameters, since_us: int | None) -> list[Result]:
    part = split(target, check, parameters) if since_us is not None else None
    if part is None:
        return ask(target, check, parameters)
    try:
        return _answers(target, [part], since_us)[check.name]
    except StatementError:
        return ask(target, check, parameters)  # to say what is refused


def _asked_together(target: Target, parts: Sequence[Part], since_us: int | None) -> dict[str, list[Result]]:
    try:
        return _answers(target, parts, since_us) if parts else {}
    except StatementError:
        return {}


def _answers(target: Target, parts: Sequence[Part], since_us: int | None) -> dict[str, list[Result]]:
    row = target.query(merge(parts, since_us)).to_pylist()[0]
    return {
        part.check.name: [Result(part.check, Status(row[f"status_{i}"]), row[f"detail_{i}"] or "no rows")]
        for i, part in enumerate(parts)
    }


def split(target: Target, check: Check, parameters: Parameters) -> Part | None:
    """The pieces of a check's statement; None where it has another shape and is asked alone."""
    if "table" not in check.parameters:
        return None
    outer = parse(fill(target, check, parameters))
    source = _source(outer)
    if source is None or not isinstance(outer, exp.Select):
        return None
    named = {one.alias: one.this for one in outer.expressions}
    if set(named) != {"check", "status", "detail"}:
        return None
    if isinstance(source, exp.Table):
        used = {column.name for one in outer.expressions for column in one.find_all(exp.Column)}
        return Part(check, named["status"], named["detail"], {name: exp.column(name) for name in sorted(used)}, source)
    inner = source.this
    table = _source(inner)
    if not isinstance(table, exp.Table):
        return None
    columns = {one.alias_or_name: one.unalias() for one in inner.expressions}
    return Part(check, named["status"], named["detail"], columns, table)


def _source(select: exp.Expression) -> exp.Expression | None:
    """What a plain SELECT reads: a table or a subquery; None where it does anything else than select."""
    if not isinstance(select, exp.Select):
        return None
    if any(value for key, value in select.args.items() if key not in _SIMPLE):
        return None
    found = select.args.get("from_") or select.args.get("from")
    source = found.this if found is not None else None
    return source if isinstance(source, (exp.Table, exp.Subquery)) else None


def merge(parts: Sequence[Part], since_us: int | None = None) -> str:
    """One GoogleSQL statement with `status_i` and `detail_i` of part i, over the table of the first part."""
    outer, inner = exp.Select(), exp.Select()
    for i, part in enumerate(parts):
        for name, value in part.columns.items():
            inner = inner.select(exp.alias_(value.copy(), f"c{i}_{name}"), copy=False)
        for label, aggregate in (("status", part.status), ("detail", part.detail)):
            outer = outer.select(exp.alias_(_prefixed(aggregate, f"c{i}_"), f"{label}_{i}"), copy=False)
    inner = inner.from_(parts[0].table.copy(), copy=False)
    if since_us is not None:
        inner = inner.where(f"last_updated >= TIMESTAMP_MICROS({since_us})", dialect="bigquery", copy=False)
    return outer.from_(inner.subquery(), copy=False).sql(dialect="bigquery")


def _prefixed(aggregate: exp.Expression, prefix: str) -> exp.Expression:
    copy = aggregate.copy()
    for column in list(copy.find_all(exp.Column)):
        column.replace(exp.column(prefix + column.name))
    return copy
