"""`verify`: check table, functions, contents and operation of a target."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.commands.output import Output, output_options
from sim.warehouse.verify.checks import GROUPS, Threshold, shipped, thresholds

if TYPE_CHECKING:
    from sim.warehouse.verify.options import Options
    from sim.warehouse.verify.results import Result

AS_OF = "now, latest (the newest row), or a time; auto is now, but latest for local tables older than 30 days."
THRESHOLDS = thresholds(shipped().values())
Command = Callable[..., Any]


def threshold_options(function: Command) -> Command:
    """An option for every threshold that a check file of `sql/checks/` declares."""
    for threshold in reversed(THRESHOLDS.values()):
        function = _option(threshold)(function)
    return function


def _option(one: Threshold) -> Callable[[Command], Command]:
    pair = len(one.default) == 2
    return click.option(
        f"--{one.name.replace('_', '-')}",
        one.name,
        type=float,
        nargs=len(one.default),
        default=one.default if pair else one.default[0],
        show_default=True,
        metavar="WARN FAIL" if pair else "NUMBER",
        help=f"{one.help[0].upper()}{one.help[1:]}.",
    )


@click.command()
@click.option(
    "--to", "target", required=True, metavar="TARGET", help="parquet:DIR, duckdb:FILE or bigquery:PROJECT.DATASET."
)
@click.option(
    "--only", multiple=True, metavar="GROUP", help=f"Only this group; may be repeated. Groups: {', '.join(GROUPS)}."
)
@click.option(
    "--rows", default=20_000, show_default=True, help="Pairs of counts, log-uniform up to 1e9, to try the bounds on."
)
@click.option("--draws", default=10_000, show_default=True, help="Draws of wilson_sample in each of nine cells.")
@click.option("--strict", is_flag=True, help="Count warnings as failures.")
@click.option("--junit", type=click.Path(dir_okay=False), help="Write the results as JUnit XML to this file.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="github: annotations, and the summary of the step.",
)
@click.option("--table", default="caption_bandit_stats", show_default=True, help="The statistics table.")
@click.option("--sends", default="mass_messages", show_default=True, help="The send log, where there is one.")
@click.option("--as-of", default="auto", show_default=True, help=f"Judge ages by: {AS_OF}")
@click.option(
    "--checks",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Also ask the check files (*.sql) of this folder; may be repeated.",
)
@click.option("--since", metavar="AGE", help="Only rows updated within this time, such as 7d or 36h: reads less.")
@click.option("--against", metavar="TARGET", help="Also compare the table, key by key, with that of another target.")
@click.option("--dry-run", is_flag=True, help="Print the bytes and dollars of each statement; ask nothing.")
@threshold_options
@output_options
def command(
    *,
    output: Output,
    target: str,
    strict: bool,
    junit: str | None,
    form: str,
    since: str | None,
    against: str | None,
    dry_run: bool,
    **chosen: Any,
) -> None:
    """Check the table, the two functions and the rows of TARGET. Reads only.

    Exit code 1 when a check fails; 3 or 4 when a check could not be made because the warehouse could not be read. The
    statistical checks of the sampling function together raise a false alarm once in 10,000 runs.
    """
    from sim.warehouse.targets import parse_target
    from sim.warehouse.verify.options import Options, parse_age

    values = {name: chosen.pop(name) for name in THRESHOLDS}
    named = {name: value if isinstance(value, tuple) else (value,) for name, value in values.items()}
    age = parse_age(since) if since else None
    options = Options(thresholds=named, since=age, against=against is not None, **chosen)
    spec = parse_target(target)
    if dry_run:
        _estimate(target, against, options, replace(output, as_json=output.as_json or form == "json"))
        return
    output.note(f"verifying {spec} …")
    results = _strict([*_results(target, options, output), *_differences(target, against, options)], strict)
    _write(str(spec), results, junit, form, output)
    _conclude(spec.kind, results)


def _results(target: str, options: "Options", output: Output) -> list["Result"]:
    """The results, or one error where the target cannot be opened: a report is written in every case."""
    from sim.errors import InputError, SimError
    from sim.files import Unchanged
    from sim.warehouse.send_logs import files_of
    from sim.warehouse.targets import open_target, parse_target
    from sim.warehouse.verify.running import unopened, verify

    spec, held = parse_target(target), Unchanged(files_of(target))
    try:
        with open_target(spec, read_only=True) as opened:
            results = verify(opened, options, output.note)
        held.require()  # else a load that replaced the rows meanwhile is shown as a fault of them
        return results
    except SimError as error:
        if isinstance(error, InputError):
            raise
        return [unopened(error)]


def _differences(target: str, against: str | None, options: "Options") -> list["Result"]:
    """The comparison with another target, if one is named."""
    if against is None:
        return []
    from sim.errors import InputError, SimError
    from sim.warehouse.targets import open_target, parse_target
    from sim.warehouse.verify.difference import CHECKS, compare
    from sim.warehouse.verify.results import Result, Status

    try:
        one, two = parse_target(target), parse_target(against)
        with open_target(one, read_only=True) as here, open_target(two, read_only=True) as there:
            return compare(here, there, options.table)
    except InputError:
        raise
    except SimError as error:
        return [Result(check, Status.ERROR, error.message) for check in CHECKS]


def _estimate(target: str, against: str | None, options: "Options", output: Output) -> None:
    """Print what a verification would cost."""
    from sim.warehouse.targets import open_target, parse_target
    from sim.warehouse.verify.cost import as_data, as_text, estimate, of_comparison
    from sim.warehouse.verify.running import chosen_checks

    checks = chosen_checks(options)
    with open_target(parse_target(target), read_only=True) as opened:
        costs = estimate(opened, checks, options)
    for place in () if against is None else (target, against):
        with open_target(parse_target(place), read_only=True) as opened:
            costs.append(of_comparison(opened, options))
    output.result(as_data(target, costs), as_text(costs))


def _strict(results: Sequence["Result"], strict: bool) -> list["Result"]:
    from sim.warehouse.verify.results import Status

    return [replace(one, status=Status.FAIL) if strict and one.status is Status.WARN else one for one in results]


def _write(target: str, results: Sequence["Result"], junit: str | None, form: str, output: Output) -> None:
    from sim.files import write_text
    from sim.warehouse.verify.report import as_data, as_github, as_junit, as_summary, as_text

    if junit:
        write_text(Path(junit), as_junit(target, results))
    summary = os.environ.get("GITHUB_STEP_SUMMARY", "") if form == "github" else ""
    if summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(as_summary(target, results))
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else 140
    text = as_github(results) if form == "github" else as_text(results, width=width, color=terminal)
    replace(output, as_json=output.as_json or form == "json").result(as_data(target, results), text, coloured=terminal)


def _conclude(kind: str, results: Sequence["Result"]) -> None:
    """Raise what the results amount to: an error of the warehouse first, since then the rest is incomplete."""
    from sim.errors import CheckFailedError, RemoteError, StorageError
    from sim.warehouse.verify.results import Status

    errors = [one for one in results if one.status is Status.ERROR]
    failed = sum(one.status is Status.FAIL for one in results)
    if errors:
        raised = RemoteError if kind == "bigquery" else StorageError
        raise raised(f"{len(errors)} of {len(results)} checks could not be made: {errors[0].detail}", errors[0].remedy)
    if failed:
        raise CheckFailedError(f"{failed} of {len(results)} checks failed", "the report above says what each means")
