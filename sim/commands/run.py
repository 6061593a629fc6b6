"""`run`: simulate a scenario into a run folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.commands.options import (
    BackendChoice,
    FolderOrUrl,
    backend_options,
    overrides_option,
    scenario_argument,
    shard_options,
    workers_option,
)
from sim.commands.output import Output, output_options
from sim.errors import CheckFailedError, InputError

if TYPE_CHECKING:
    from sim.api import Run
    from sim.backends.base import Backend
    from sim.runs.shards import Shard
    from sim.scenario import Scenario


@click.command()
@scenario_argument
@click.option(
    "--out",
    type=FolderOrUrl(),
    metavar="DIR",
    help="The run folder, or its URL in an object store.  [default: runs/<name>]",
)
@workers_option
@overrides_option
@click.option("--resume", is_flag=True, help="Continue an interrupted run; simulate only what is missing.")
@click.option("--fresh", is_flag=True, help="Replace the run that is there.")
@shard_options
@backend_options
@click.option("--no-report", is_flag=True, help="Leave out report.html, report.md and figures/.")
@click.option(
    "--dry-run", is_flag=True, help="Show what would run, how long it takes and how much disk it needs; write nothing."
)
@output_options
def command(
    *,
    scenario: str,
    out: Path | str | None,
    workers: int | None,
    overrides: tuple[str, ...],
    resume: bool,
    fresh: bool,
    shard: "Shard | None",
    backend: BackendChoice,
    no_report: bool,
    dry_run: bool,
    output: Output,
) -> None:
    """Simulate SCENARIO (a YAML file, or the name of a shipped one) into a run folder.

    Where SCENARIO is a run folder, its run is continued, as with --resume.

    The same scenario and seed give the same results for any number of workers. An interrupted run keeps its finished
    blocks; --resume continues it.
    """
    if resume and fresh:
        raise InputError("--resume and --fresh exclude each other")
    from sim.backends.local import default_workers
    from sim.scenario import load

    source: str | Path = scenario
    if (Path(scenario) / "scenario.yaml").is_file():  # a run folder
        source = Path(scenario) / "scenario.yaml"
        out, resume = (Path(scenario), not fresh) if out is None else (out, resume)
    loaded = load(source, overrides)
    loaded.require_files()
    target: Path | str = out if out is not None else Path("runs") / loaded.name
    if dry_run:
        _say_plan(loaded, target, workers or default_workers(), output, report=not no_report)
        return
    where = _Where(target, backend.open(workers), backend.collect)
    if shard is not None:
        if fresh:
            raise InputError("--shard and --fresh exclude each other")
        _run_part(loaded, where, shard, report=not no_report, output=output)
        return
    run = _run(loaded, where, resume=resume, fresh=fresh, report=not no_report, output=output)
    _say_result(run, where.out, no_report, output)


@dataclass(frozen=True)
class _Where:
    """The run folder, and where its blocks are simulated."""

    out: Path | str
    backend: "Backend"
    collect: bool


def _run(scenario: "Scenario", where: _Where, *, resume: bool, fresh: bool, report: bool, output: Output) -> "Run":
    count = len(scenario.policies)
    output.note(  # before the imports, which take seconds the first time
        f"{scenario.name}: {count} {'policy' if count == 1 else 'policies'} × {scenario.replications:,} replications"
    )
    from sim.api import run
    from sim.commands.progress import progress

    try:
        with progress(output, "replications") as tell:
            return run(
                scenario,
                where.out,
                resume=resume,
                fresh=fresh,
                report=report,
                backend=where.backend,
                collect=where.collect,
                progress=tell,
            )
    except InputError:
        raise  # which says itself what to do about the run that is there
    except BaseException:
        _say_resumable(where.out, output)
        raise


def _run_part(scenario: "Scenario", where: _Where, shard: "Shard", *, report: bool, output: Output) -> None:
    output.note(f"{scenario.name}: shard {shard}")
    from sim.api import run_shard
    from sim.commands.progress import progress

    with progress(output, "replications") as tell:
        run = run_shard(
            scenario, shard, where.out, report=report, backend=where.backend, collect=where.collect, progress=tell
        )
    if isinstance(run, int):
        text = f"shard {shard} is done; {run:,} blocks of other shards are missing"
        output.result({"run": str(where.out), "shard": str(shard), "missing_blocks": run}, text)
    else:
        _say_result(run, where.out, not report, output)


def _say_resumable(out: Path | str, output: Output) -> None:
    from sim.runs.folders.run_folder import RunFolder

    if isinstance(out, str) or RunFolder(out).resumable:
        output.note(f"Finished blocks are kept in {out}; continue with --resume.")


def _say_result(run: "Run", out: Path | str, no_report: bool, output: Output) -> None:
    from reports.decision.text import headline, key_points
    from reports.decision.who_text import who_points

    for remark in run.manifest["remarks"]:
        output.note(f"note: {remark}")
    report, decision = None if no_report else _within(out, "report.html"), run.decision
    where = f"report: {report}" if report else f"run folder: {out}"
    sentences = [headline(decision), *who_points(decision, run.who_gains), *key_points(decision, str(out))]
    data = {"run": str(out), "report": report, "headline": headline(decision)} | _run_data(run, str(out))
    output.result(data, _text(run, sentences, where))
    failed = [outcome.claim for outcome in run.checks if not outcome.passed]
    if failed:
        raise CheckFailedError("\n".join(f"check failed: {claim}" for claim in failed))


def _run_data(run: "Run", folder: str) -> dict[str, Any]:
    from reports.decision.data import decision_data

    return {
        "decision": decision_data(run.decision, run.who_gains, folder),
        "policies": run.summary.to_dicts(),
        "checks": [{"claim": v.claim, "passed": v.passed, "detail": v.detail} for v in run.checks],
    }


def _within(out: Path | str, name: str) -> str:
    return f"{out}/{name}" if isinstance(out, str) else str(out / name)


def _text(run: "Run", sentences: list[str], where: str) -> str:
    from reports.formatting import hanging, text_table, wrapped
    from reports.tables.leaderboard import leaderboard, money_board

    given = run.decision.given
    money, kind = given.metric == "revenue_usd", run.scenario.world_kind
    board = money_board(run.summary, given) if money else leaderboard(run.summary, kind.reward, one_page=kind.one_page)
    checks = [hanging(f"{'ok  ' if v.passed else 'FAIL'}  {v.claim} ({v.detail})", 6) for v in run.checks]
    answers = ["\n".join(wrapped(sentence) for sentence in sentences)]
    parts = [text_table(board.header, board.rows), *answers, *(["\n".join(checks)] if checks else []), where]
    return "\n\n".join(parts)


def _say_plan(scenario: "Scenario", out: Path | str, workers: int, output: Output, *, report: bool) -> None:
    from reports.formatting import duration, number, storage
    from sim.runs.plan import plan
    from sim.runs.workload import estimate, report_seconds

    blocks, total = plan(scenario), estimate(scenario)
    used = min(workers, len(blocks))
    drawing = report_seconds(scenario) if report else 0.0
    seconds = total.wall_seconds(used) + drawing
    data: dict[str, Any] = {
        "scenario": scenario.name,
        "digest": scenario.digest,
        "out": str(out),
        "policies": [spec.name for spec in scenario.policies],
        "replications": scenario.replications,
        "unlucky": scenario.world.unlucky_wanted,
        "blocks": len(blocks),
        "workers": used,
        "pulls": total.pulls,
        "seconds": seconds,
        "report_seconds": drawing,
        "disk_bytes": total.disk_bytes,
    }
    drawn = " with the report" if report else ""
    more = f", and about {unlucky:,} unlucky ones" if (unlucky := scenario.world.unlucky_wanted) else ""
    rows = [
        ["policies", ", ".join(data["policies"])],
        ["replications", f"{scenario.replications:,} of each policy{more}"],
        ["blocks", f"{len(blocks):,}, on {used} {'worker' if used == 1 else 'workers'}"],
        [scenario.world_kind.sends, f"about {number(total.pulls)} in all"],
        ["time", f"about {duration(seconds)}{drawn}, and a few seconds per policy to compile it the first time"],
        ["disk", f"about {storage(total.disk_bytes)}"],
        ["run folder", f"{out}{' (exists)' if isinstance(out, Path) and out.exists() else ''}"],
    ]
    output.result(data, "\n".join(f"{name:<14}{value}" for name, value in rows) + "\nNothing was written.")
