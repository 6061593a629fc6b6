"""Is what is deployed what should be? Read-only checks of the table, the functions and the rows, each with a meaning.

with open_target(parse_target("duckdb:eros.duckdb"), read_only=True) as target:
    results = verify(target)
failures = [result for result in results if result.status == "fail"]
"""

from sim.warehouse.base import StatementError, Target
from sim.warehouse.verify.bounds import check_bounds
from sim.warehouse.verify.contents import CONTENTS, OPERATIONS, Tell, check_contents, check_operations, silent
from sim.warehouse.verify.identity import check_identity, name_sampler
from sim.warehouse.verify.options import FALSE_ALARM, Options
from sim.warehouse.verify.results import Result
from sim.warehouse.verify.sampler import check_sampler, probe
from sim.warehouse.verify.table import check_table

__all__ = ["FALSE_ALARM", "Options", "Result", "verify"]


def verify(target: Target, options: Options | None = None, tell: Tell = silent) -> list[Result]:
    """Every check that the target allows, in order; what it cannot have is skipped, saying so.

    `tell` is called with what is being done, where that takes long.
    """
    options = options or Options()
    table = check_table(target, options.table)
    return [*table, *check_functions(target, options), *check_rows(target, options, table, tell)]


def check_functions(target: Target, options: Options) -> list[Result]:
    """The two functions: what they are, and how they behave."""
    if "functions" in target.unsupported:
        skipped = f"{target.spec.kind} holds no functions; the rows are held against the project's own"
        return [Result("identity", check, "skip", skipped) for check in ("identity_bounds", "identity_sample")]
    return [*_bounds(target, options), *_sampler(target, options)]


def check_rows(target: Target, options: Options, table: list[Result], tell: Tell = silent) -> list[Result]:
    """Contents and operations, unless the table is not there or lacks columns to ask about."""
    broken = [one for one in table if one.check in {"table_exists", "table_columns"} and one.status == "fail"]
    if any("surplus: none" not in one.detail or "missing: none" not in one.detail for one in broken):
        groups = {"contents": CONTENTS, "operations": OPERATIONS}
        reason = "the table is missing, or lacks columns"
        return [Result(group, check, "skip", reason) for group, checks in groups.items() for check in checks]
    return [*check_contents(target, options, tell), *check_operations(target, options)]


def _bounds(target: Target, options: Options) -> list[Result]:
    if target.routine("wilson_score_bounds") is None:
        return [check_identity(target, "identity_bounds", "wilson_score_bounds", [], "")]
    results = check_bounds(target, options.rows)
    suspect = next((one.detail.split("looks like ")[1] for one in results if "looks like " in one.detail), "")
    return [check_identity(target, "identity_bounds", "wilson_score_bounds", _failing(results), suspect), *results]


def _sampler(target: Target, options: Options) -> list[Result]:
    if target.routine("wilson_sample") is None:
        return [check_identity(target, "identity_sample", "wilson_sample", [], "")]
    results = check_sampler(target, options.draws)
    broken = _failing(results)
    suspect = _suspect(target, options) if broken else ""
    return [check_identity(target, "identity_sample", "wilson_sample", broken, suspect), *results]


def _suspect(target: Target, options: Options) -> str:
    try:
        return name_sampler(probe(target, options.draws))
    except StatementError:
        return ""


def _failing(results: list[Result]) -> list[Result]:
    return [one for one in results if one.status == "fail"]
