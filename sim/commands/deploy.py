"""`deploy`: create the tables and the functions in a target."""

from typing import TYPE_CHECKING

import click

from sim.commands.output import Output, output_options

if TYPE_CHECKING:
    from sim.warehouse.base import Target


@click.command()
@click.option("--to", "target", required=True, metavar="TARGET", help="duckdb:FILE or bigquery:PROJECT.DATASET.")
@click.option("--candidates", is_flag=True, help="Also create functions that may replace wilson_sample.")
@click.option("--jobs", "with_jobs", is_flag=True, help="Also create the jobs and their tables; see `job`.")
@click.option("--replace", is_flag=True, help="Replace other functions and procedures of the same name.")
@click.option(
    "--plan", "only_plan", is_flag=True, help="Show what differs from the project; exit code 1 if anything does."
)
@click.option("--dry-run", is_flag=True, help="Show what would be done, with the statements; write nothing.")
@click.option("--allow-write", metavar="PROJECT.DATASET", help="Write permission: repeat the BigQuery dataset.")
@output_options
def command(
    *,
    output: Output,
    target: str,
    candidates: bool,
    with_jobs: bool,
    replace: bool,
    only_plan: bool,
    dry_run: bool,
    allow_write: str | None,
) -> None:
    """Create caption_bandit_stats, mass_messages, wilson_score_bounds and wilson_sample in TARGET.

    Existing tables and rows stay. A table that differs from the project is shown with the ALTER statements, and the
    exit code is 1; a function of another body is shown and kept, unless --replace is given. --plan only reads, so it
    may be used on production.
    """
    from sim.warehouse import deploy

    reading = only_plan or dry_run
    with _opened(target, allow_write, reading=reading, any_dataset=only_plan) as opened:
        steps = deploy.plan(opened, replace=replace, candidates=candidates, with_jobs=with_jobs)
        if not reading:
            deploy.carry_out(opened, steps)
    data = {"target": target, "dry_run": reading, "steps": [step.data() for step in steps]}
    output.result(data, deploy.as_text(steps, statements=dry_run))
    if only_plan:
        deploy.require_no_drift(steps)


def _opened(text: str, allow_write: str | None, *, reading: bool, any_dataset: bool) -> "Target":
    from sim.warehouse.guard import refuse_production
    from sim.warehouse.targets import open_target, parse_target, preview, writing

    if not reading:
        spec, permission = writing(text, allow_write)
        return open_target(spec, permission=permission)
    if not any_dataset:
        refuse_production(text)
    return preview(parse_target(text))
