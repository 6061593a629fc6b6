"""All checks of a target, in order: table, functions, rows."""

from collections.abc import Callable, Iterable, Sequence

from sim.errors import InputError, SimError
from sim.warehouse.base import StatementError, Target
from sim.warehouse.verify import bounds, difference, identity, pruning, sampler, spellings, table
from sim.warehouse.verify.checks import GROUPS, Check, shipped
from sim.warehouse.verify.options import Options
from sim.warehouse.verify.questions import Progress, check_rows, no_progress, row_checks
from sim.warehouse.verify.results import Result, Status

OPENED = Check(
    "table_target",
    "table",
    "Can the target be opened?",
    "The target cannot be opened.",
    "Check the path or name, and whether another program holds it.",
)
FUNCTION_GROUPS = ("identity", "bounds", "sampler")


def all_checks(options: Options | None = None) -> list[Check]:
    """Every check that there is, by group: those of SQL files, those that Python computes, and the user's own."""
    options = options or Options()
    computed = [OPENED, *table.CHECKS, *identity.CHECKS, *bounds.CHECKS, *sampler.CHECKS]
    rows = [*spellings.CHECKS, *row_checks(options), *pruning.CHECKS]
    asked = [check for check in shipped().values() if check.group in FUNCTION_GROUPS]
    compared = difference.CHECKS if options.against else ()
    known = [*computed, *asked, *rows, *compared]
    order = {group: place for place, group in enumerate(GROUPS)}
    return sorted(known, key=lambda check: order.get(check.group, len(order)))


def verify(target: Target, options: Options | None = None, progress: Progress = no_progress) -> list[Result]:
    """The results of every check of the chosen groups, in order; what the target cannot have is skipped, saying so.

    A check that cannot be made because the warehouse cannot be read has status `error`. `progress` is called with
    what is being done where that takes long. InputError for an unknown group.
    """
    options = options or Options()
    checks = chosen_checks(options)
    return [
        *_guarded(checks, "table", lambda _: table.check_table(target, options.table)),
        *_guarded(checks, FUNCTION_GROUPS, lambda _: check_functions(target, options)),
        *_guarded(
            [one for one in checks if one in spellings.CHECKS],
            None,
            lambda _: spellings.check_spellings(target, options.table, part=options.since is not None),
        ),
        *_guarded(
            [check for check in checks if check.statement and check.group not in FUNCTION_GROUPS],
            None,
            lambda some: _rows(target, some, options, progress),
        ),
        *_guarded(
            [one for one in checks if one in pruning.CHECKS],
            None,
            lambda _: pruning.check_pruning(target, options.table),
        ),
    ]


def unopened(error: SimError) -> Result:
    """The only result for a target that cannot be opened."""
    hint = f" ({error.hint})" if error.hint else ""
    return Result(OPENED, Status.ERROR, f"{error.message}{hint}")


def chosen_checks(options: Options) -> list[Check]:
    """The checks of the groups that the options name; InputError for an unknown group."""
    checks = all_checks(options)
    groups = list(dict.fromkeys(check.group for check in checks))
    unknown = [group for group in options.only if group not in groups]
    if unknown:
        missing = unknown[0] == difference.ROWS.group
        hint = "name the other table with --against TARGET" if missing else f"one of {', '.join(groups)}"
        raise InputError(f"--only {unknown[0]}: no such group", hint)
    return [check for check in checks if not options.only or check.group in options.only]


def _guarded(
    checks: Sequence[Check], groups: str | Iterable[str] | None, make: Callable[[Sequence[Check]], list[Result]]
) -> list[Result]:
    """The results of `make` for the checks of some groups; where the warehouse cannot be read, an error for each."""
    chosen = list(checks) if groups is None else [check for check in checks if check.group in groups]
    if not chosen:
        return []
    names = {check.name for check in chosen}
    try:
        return [result for result in make(chosen) if result.name in names]
    except InputError:
        raise
    except SimError as error:
        return [Result(check, Status.ERROR, error.message) for check in chosen if check is not OPENED]


def check_functions(target: Target, options: Options) -> list[Result]:
    """The two functions: what they are, and how they behave; what the candidates are."""
    if "functions" in target.unsupported:
        skipped = f"{target.spec.kind} holds no functions; the rows are compared with the project's own"
        return [Result(check, Status.SKIP, skipped) for check in identity.CHECKS]
    candidates = identity.check_candidates(target)
    return [*check_bounds_function(target, options), *check_sample_function(target, options), candidates]


def _rows(target: Target, checks: Sequence[Check], options: Options, progress: Progress) -> list[Result]:
    """Contents and operations, unless the table is not there or lacks columns to ask about."""
    if table.missing_columns(target.describe(options.table)):
        return [Result(check, Status.SKIP, "the table is missing, or lacks columns") for check in checks]
    return check_rows(target, checks, options, progress)


def check_bounds_function(target: Target, options: Options) -> list[Result]:
    """Identity and behaviour of `wilson_score_bounds`."""
    if target.routine("wilson_score_bounds") is None:
        return [identity.check_identity(target, identity.BOUNDS)]
    results = bounds.check_bounds(target, options.rows)
    cause = next((one.cause for one in results if one.cause), "")
    return [identity.check_identity(target, identity.BOUNDS, results, cause), *results]


def check_sample_function(target: Target, options: Options) -> list[Result]:
    """Identity and behaviour of `wilson_sample`."""
    if target.routine("wilson_sample") is None:
        return [identity.check_identity(target, identity.SAMPLE)]
    results = sampler.check_sampler(target, options.draws)
    cause = _suspect(target, options, results) if any(one.status is Status.FAIL for one in results) else ""
    return [identity.check_identity(target, identity.SAMPLE, results, cause), *results]


def _suspect(target: Target, options: Options, results: Sequence[Result]) -> str:
    """The known mistake that explains the draws; the causes that single checks name come second."""
    try:
        named = identity.name_sampler(sampler.probe(target, options.draws))
    except StatementError:
        named = ""
    causes = {one.name: one.cause for one in results if one.cause}
    return named or causes.get(sampler.RESOLUTION.name) or next(iter(causes.values()), "")
