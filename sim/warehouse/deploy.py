"""Create tables, functions and jobs in a target: repeatable, and never over another function without being asked."""

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sql
from sim.errors import CheckFailedError, InputError
from sim.warehouse.base import SENDS, STATS, Routine, Target
from sim.warehouse.drift import table_difference
from sim.warehouse.jobs import TABLES as JOB_TABLES
from sim.warehouse.jobs import Job, jobs

TABLES = (STATS, SENDS)
FUNCTIONS = ("wilson_score_bounds", "wilson_sample")
CANDIDATES = tuple(name.rsplit("/", 1)[1] for name in sql.names(sql.CANDIDATES))
VIEWS = tuple(name.rsplit("/", 1)[1] for name in sql.names(sql.VIEWS))
LONG_LINE = 200
_BREAKS = re.compile(r" (?=(?:[-+*/]|WHEN|THEN|ELSE|END)[ )])")
_ARGUMENTS = re.compile(r"^CREATE FUNCTION [^(]*\((.*)\)$", re.MULTILINE)
DRIFT = frozenset({"differs", "refuse", "replace"})


@dataclass(frozen=True)
class Step:
    """One table, function, view or job.

    `action` is create, keep, replace, differs (a table), refuse (a function, view or procedure of another body), or
    schedule (how a job is run; nothing to do).
    """

    name: str
    action: str
    statement: str
    difference: str = ""

    @property
    def writes(self) -> bool:
        """Whether the statement is to be run."""
        return self.action in {"create", "replace"}

    def data(self) -> dict[str, str]:
        """What `--json` prints of it."""
        return {"name": self.name, "action": self.action, "statement": self.statement, "difference": self.difference}


def plan(target: Target, *, replace: bool = False, candidates: bool = False, with_jobs: bool = False) -> list[Step]:
    """What there is to do, found out by reading only. InputError for a target that cannot hold functions.

    `candidates`: also the functions of sql/udf/candidates and the views of sql/views, under their own names.
    `with_jobs`: also the jobs of sql/jobs and the tables that they need.
    """
    if "functions" in target.unsupported:
        raise InputError(f"{target.spec} holds tables only", "deploy to duckdb:FILE or bigquery:PROJECT.DATASET")
    steps = [_table(target, name) for name in (*TABLES, *(JOB_TABLES if with_jobs else ()))]
    steps += [_function(target, name, replace) for name in (*FUNCTIONS, *(CANDIDATES if candidates else ()))]
    steps += [_view(target, name, replace) for name in (VIEWS if candidates else ())]
    return steps + [step for job in jobs().values() for step in _job(target, job, replace)] if with_jobs else steps


def carry_out(target: Target, steps: Sequence[Step]) -> None:
    """Run what the plan says.

    Raises CheckFailedError before anything is written if a function or procedure would be replaced without --replace,
    and after the rest was done if a table differs from its DDL: a table with rows is not altered.
    """
    refused = [step for step in steps if step.action == "refuse"]
    if refused:
        raise CheckFailedError(
            f"{_names(refused)}: another function or view has this name, nothing was written\n{_differences(refused)}",
            "--replace replaces it with that of the project",
        )
    for step in steps:
        if step.writes:
            target.execute(step.statement)
    drifted = [step for step in steps if step.action == "differs"]
    if drifted:
        raise CheckFailedError(
            f"{_names(drifted)}: the table differs from the project, and was left as it is\n{_differences(drifted)}",
            "run the ALTER statements above where they suit you; everything else is deployed",
        )


def require_no_drift(steps: Sequence[Step]) -> None:
    """CheckFailedError where anything is missing or differs from the project."""
    changed = [step for step in steps if step.writes or step.action in DRIFT]
    if changed:
        hint = "`deploy` creates what is missing, `--replace` also replaces functions; tables need the ALTERs shown"
        raise CheckFailedError(f"{_names(changed)}: not as in the project", hint)


def _names(steps: Sequence[Step]) -> str:
    return ", ".join(step.name for step in steps)


def _differences(steps: Sequence[Step]) -> str:
    return "\n".join(step.difference for step in steps)


def as_text(steps: Sequence[Step], *, statements: bool) -> str:
    """The plan for people; with the statements that would be run, where asked for."""
    lines = []
    for step in steps:
        lines.append(f"{step.action:8} {step.name}")
        if step.difference:
            lines.append(step.difference)
        if step.action == "schedule" or (statements and step.writes):
            lines.append(step.statement.strip())
    return "\n".join(lines)


def _table(target: Target, name: str) -> Step:
    statement = target.statement(f"ddl/{name}", table=name)
    found = target.describe(name)
    if found is None:
        return Step(name, "create", statement)
    difference = table_difference(found, target)
    return Step(name, "differs" if difference else "keep", statement, difference)


def _job(target: Target, job: Job, replace: bool) -> Iterator[Step]:
    """The stored procedure where the target keeps procedures, then how the job is run."""
    if "procedures" in target.unsupported:
        yield Step(job.name, "schedule", f"{job.schedule}: python -m sim job {job.name} --to {target.spec}")
        return
    statement, wanted, found = job.procedure(target), job.procedure_body(target), target.routine(job.name)
    if found is None:
        yield Step(job.name, "create", statement)
    elif script_words(found.body) == script_words(wanted):
        yield Step(job.name, "keep", statement)
    else:
        difference = _difference(job.name, wanted.splitlines(), found.body.splitlines())
        yield Step(job.name, "replace" if replace else "refuse", statement, difference)
    yield Step(f"{job.name} (scheduled query)", "schedule", f"{job.schedule}: {job.call(target)}")


def script_words(body: str) -> list[str]:
    """The words of a procedure's body without comments and outer BEGIN … END, which some servers leave out."""
    code = "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("--"))
    words = code.replace(";", " ; ").split()
    if words[:1] == ["BEGIN"] and words[1:2] != ["TRANSACTION"]:
        words = words[1 : len(words) - words[::-1].index("END") - 1]
    return words[:-1] if words[-1:] == [";"] else words


def _function(target: Target, name: str, replace: bool) -> Step:
    statement = target.statement(sql.function(name))
    found, wanted = target.routine(name), target.expected_body(name)
    if found is None:
        return Step(name, "create", statement)
    arguments = arguments_of(name)
    same = _same_arguments(found, arguments)
    if target.same_body(found.body, wanted) and same:
        return Step(name, "keep", statement)
    there = arguments if same else found.arguments
    difference = _difference(name, _function_lines(wanted, arguments), _function_lines(found.body, there))
    over = statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    return Step(name, "replace" if replace else "refuse", over, difference)


def _view(target: Target, name: str, replace: bool) -> Step:
    statement = target.statement(f"{sql.VIEWS}/{name}")
    found, wanted = target.view(name), target.expected_view(name)
    if found is None:
        return Step(name, "create", statement)
    if target.same_body(found, wanted):
        return Step(name, "keep", statement)
    over = statement.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)
    return Step(name, "replace" if replace else "refuse", over, _difference(name, _lines(wanted), _lines(found)))


def arguments_of(name: str) -> list[tuple[str, str]]:
    """(name, type) of each argument of the project's function `name`, as its CREATE FUNCTION says."""
    found = _ARGUMENTS.search(sql.text(sql.function(name)))
    assert found is not None
    return [(argument, kind) for argument, _, kind in (one.partition(" ") for one in found[1].split(", "))]


def _same_arguments(found: Routine, wanted: Sequence[tuple[str, str]]) -> bool:
    names = [name for name, _ in found.arguments] == [name for name, _ in wanted]
    return names and all(kind in {"ANY", own} for (_, kind), (_, own) in zip(found.arguments, wanted, strict=True))


def _function_lines(body: str, arguments: Sequence[tuple[str, str]]) -> list[str]:
    return [f"({', '.join(f'{name} {kind}' for name, kind in arguments)})", *_lines(body)]


def _lines(body: str) -> list[str]:
    """The lines of a body; DuckDB prints all of it as one, which is cut before its operators and keywords."""
    lines = body.strip().splitlines()
    return [part for line in lines for part in (_BREAKS.split(line) if len(line) > LONG_LINE else [line])]


def _difference(name: str, wanted: list[str], found: list[str]) -> str:
    lines = difflib.unified_diff(found, wanted, f"{name} as deployed", f"{name} of the project", lineterm="")
    return "\n".join(lines)
