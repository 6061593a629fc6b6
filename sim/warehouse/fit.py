"""Whether the rows of a load fit into the columns that a table has."""

from collections.abc import Iterator

from sim.warehouse.base import Column, TableDescription
from sim.warehouse.schema import described


def misfit(found: TableDescription | None) -> str | None:
    """Why the rows of a load do not fit into the table, naming each column; None where they do, or there is no table.

    Columns that somebody added are no reason, unless each row must give them a value. A column of another type is one,
    also where the engine would convert: a TIMESTAMP put into a DATE loses the time of day.
    """
    if found is None:
        return None
    reasons = list(_reasons(found.columns, described(found.name).columns))
    return f"the columns of {found.name} differ: {'; '.join(reasons)}" if reasons else None


def _reasons(found: tuple[Column, ...], wanted: tuple[Column, ...]) -> Iterator[str]:
    there = {one.name.lower(): one for one in found}  # engines compare names without regard to case
    for column in wanted:
        has = there.pop(column.name.lower(), None)
        if has is None:
            yield f"{column.name} is missing"
        elif has.type != column.type:
            yield f"{column.name} is {has.type} instead of {column.type}"
    for other in there.values():
        if other.mode == "REQUIRED" and other.default is None:
            yield f"{other.name} needs a value in each row, which a load does not have"
