"""Create the tables and the functions in a target: idempotent, and never over somebody else's function unasked."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sql
from sim.errors import CheckFailedError, InputError
from sim.warehouse.base import SENDS, STATS, Routine, TableDescription, Target
from sim.warehouse.schema import described

TABLES = (STATS, SENDS)
FUNCTIONS = ("wilson_score_bounds", "wilson_sample")
CANDIDATES = tuple(name.rsplit("/", 1)[1] for name in sql.names(sql.CANDIDATES))
LONG_LINE = 200
_BREAKS = re.compile(r" (?=(?:[-+*/]|WHEN|THEN|ELSE|END)[ )])")
ARGUMENTS = (("successes", "INT64"), ("failures", "INT64"))


@dataclass(frozen=True)
class Step:
    """One table or function: `action` is create, keep, replace, differs (a table) or refuse (a function)."""

    name: str
    action: str
    statement: str
    difference: str = ""

    @property
    def writes(self) -> bool:
        """Whether the statement is to be run."""
        return self.action in {"create", "replace"}

    def data(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        return {"name": self.name, "action": self.action, "statement": self.statement, "difference": self.difference}


def plan(target: Target, *, replace: bool = False, candidates: bool = False) -> list[Step]:
    """What there is to do, found out by reading only. InputError for a target that cannot hold functions.

    `candidates`: also the functions of sql/udf/candidates, under their own names.
    """
    if "functions" in target.unsupported:
        raise InputError(f"{target.spec} holds tables only", "deploy to duckdb:FILE or bigquery:PROJECT.DATASET")
    wanted = [*FUNCTIONS, *(CANDIDATES if candidates else ())]
    return [*(_table(target, name) for name in TABLES), *(_function(target, name, replace) for name in wanted)]


def carry_out(target: Target, steps: Sequence[Step]) -> None:
    """Run what the plan says. CheckFailedError, before anything is written, if a function would be replaced unasked."""
    refused = [step for step in steps if step.action == "refuse"]
    if refused:
        names = ", ".join(step.name for step in refused)
        told = "\n".join(step.difference for step in refused)
        raise CheckFailedError(
            f"{names}: another function has this name, nothing was written\n{told}", "--replace puts ours there"
        )
    for step in steps:
        if step.writes:
            target.execute(step.statement)


def as_text(steps: Sequence[Step], *, statements: bool) -> str:
    """The plan for people; with the statements that would be run, where asked for."""
    lines = []
    for step in steps:
        lines.append(f"{step.action:8} {step.name}")
        if step.difference:
            lines.append(step.difference)
        if statements and step.writes:
            lines.append(step.statement.strip())
    return "\n".join(lines)


def _table(target: Target, name: str) -> Step:
    statement = target.statement(f"ddl/{name}", table=name)
    found = target.describe(name)
    if found is None:
        return Step(name, "create", statement)
    difference = _difference(name, table_lines(described(name), target), table_lines(found, target))
    return Step(name, "differs" if difference else "keep", statement, difference)


def _function(target: Target, name: str, replace: bool) -> Step:
    statement = target.statement(sql.function(name))
    found, wanted = target.routine(name), target.expected_body(name)
    if found is None:
        return Step(name, "create", statement)
    if target.same_body(found.body, wanted) and _same_arguments(found):
        return Step(name, "keep", statement)
    there = ARGUMENTS if _same_arguments(found) else found.arguments
    difference = _difference(name, _function_lines(wanted, ARGUMENTS), _function_lines(found.body, there))
    over = statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    return Step(name, "replace" if replace else "refuse", over, difference)


def _same_arguments(found: Routine) -> bool:
    names = [name for name, _ in found.arguments] == [name for name, _ in ARGUMENTS]
    return names and all(kind in {"ANY", "INT64"} for _, kind in found.arguments)


def _function_lines(body: str, arguments: Sequence[tuple[str, str]]) -> list[str]:
    return [f"({', '.join(f'{name} {kind}' for name, kind in arguments)})", *_lines(body)]


def _lines(body: str) -> list[str]:
    """The lines of a body; DuckDB prints all of it as one, which is cut before its operators and keywords."""
    lines = body.strip().splitlines()
    return [part for line in lines for part in (_BREAKS.split(line) if len(line) > LONG_LINE else [line])]


def table_lines(table: TableDescription, target: Target) -> list[str]:
    """A table's description as lines to compare, without what the target keeps nothing of."""
    lines = [_column_line(one.name, one.type, one.mode, one.default) for one in table.columns]
    parts = {"primary_key": table.primary_key, "partition": table.partition, "cluster": table.cluster}
    return [*lines, *(f"{key} {value}" for key, value in parts.items() if key not in target.unsupported)]


def _column_line(name: str, kind: str, mode: str, default: str | None) -> str:
    return f"{name} {kind} {mode}" + (f" DEFAULT {default}" if default else "")


def _difference(name: str, wanted: list[str], found: list[str]) -> str:
    lines = difflib.unified_diff(found, wanted, f"{name} as deployed", f"{name} of the project", lineterm="")
    return "\n".join(lines)
