"""How a table differs from its DDL, as lines to compare, and the ALTER statements that would repair it."""

import difflib
from collections.abc import Iterator
from dataclasses import replace

from sim.warehouse.base import Column, TableDescription, Target
from sim.warehouse.schema import described


def table_difference(found: TableDescription, target: Target) -> str:
    """A unified diff from the table as deployed to the table of the DDL, then the ALTERs; empty where they agree."""
    wanted = described(found.name)
    lines = list(
        difflib.unified_diff(
            table_lines(found, target),
            table_lines(wanted, target),
            f"{found.name} as deployed",
            f"{found.name} of the project",
            lineterm="",
        )
    )
    return "\n".join([*lines, *alters(found, target)]) if lines else ""


def table_lines(table: TableDescription, target: Target) -> list[str]:
    """A table's description as lines to compare, without what the target does not keep."""
    lines = [_column_line(_kept(one, target)) for one in table.columns]
    parts = {"primary_key": table.primary_key, "partition": table.partition, "cluster": table.cluster}
    return [*lines, *(f"{key} {value}" for key, value in parts.items() if key not in target.unsupported)]


def alters(found: TableDescription, target: Target) -> list[str]:
    """Statements, in GoogleSQL, that turn the table into that of the DDL; a comment where none can."""
    wanted = described(found.name)
    table = f"ALTER TABLE `{target.project}`.`{target.dataset}`.`{found.name}`"
    there = {one.name: _kept(one, target) for one in found.columns}
    lines = [line for one in wanted.columns for line in _column_alters(table, there.get(one.name), _kept(one, target))]
    lines += _other_columns(table, list(there), [one.name for one in wanted.columns])
    if "primary_key" not in target.unsupported and found.primary_key != wanted.primary_key:
        lines += _key_alters(table, found, wanted)
    if "partition" not in target.unsupported and found.partition != wanted.partition:
        lines.append("-- partitioning cannot be altered: create the table anew and copy its rows")
    if "cluster" not in target.unsupported and found.cluster != wanted.cluster:
        lines.append(f"-- bq update --clustering_fields={','.join(wanted.cluster or ())} {found.name}")
    return lines


def _other_columns(table: str, found: list[str], wanted: list[str]) -> Iterator[str]:
    """What to do about columns that are not of the project, which may hold values, and about another order."""
    for name in found:
        if name not in wanted:
            yield f"-- {name}: not of the project; this removes it with its values: {table} DROP COLUMN {name};"
    if [name for name in found if name in wanted] != [name for name in wanted if name in found]:
        yield "-- the order of columns cannot be altered: create the table anew and copy its rows"


def _key_alters(table: str, found: TableDescription, wanted: TableDescription) -> Iterator[str]:
    if found.primary_key:
        yield f"{table} DROP PRIMARY KEY;"
    if wanted.primary_key:
        yield f"{table} ADD PRIMARY KEY ({', '.join(wanted.primary_key)}) NOT ENFORCED;"


def _column_alters(table: str, found: Column | None, wanted: Column) -> Iterator[str]:
    never_required = f"-- {wanted.name}: NOT NULL cannot be added to a table: create it anew and copy its rows"
    if found is None:
        yield f"{table} ADD COLUMN {wanted.name} {wanted.type};"
        if wanted.mode == "REQUIRED":
            yield never_required
        found = Column(wanted.name, wanted.type, wanted.mode)
    if found.type != wanted.type:
        yield f"-- {wanted.name}: {found.type} cannot become {wanted.type}: create the table anew and copy its rows"
    if found.mode != wanted.mode:
        yield f"{table} ALTER COLUMN {wanted.name} DROP NOT NULL;" if wanted.mode == "NULLABLE" else never_required
    if found.default != wanted.default:
        change = f"SET DEFAULT {wanted.default}" if wanted.default else "DROP DEFAULT"
        yield f"{table} ALTER COLUMN {wanted.name} {change};"


def _kept(column: Column, target: Target) -> Column:
    """The column without its default, where the target does not keep (or report) defaults."""
    return replace(column, default=None) if "defaults" in target.unsupported else column


def _column_line(column: Column) -> str:
    default = f" DEFAULT {column.default}" if column.default else ""
    return f"{column.name} {column.type} {column.mode}{default}"
