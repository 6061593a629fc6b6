"""`deploy`: create the tables and the functions in a target."""

from typing import TYPE_CHECKING

import click

from sim.commands.output import Output, output_options

if TYPE_CHECKING:
    from sim.warehouse.base import Target


@click.command()
@click.option("--to", "target", required=True, metavar="TARGET", help="duckdb:FILE or bigquery:PROJECT.DATASET.")
@click.option("--replace", is_flag=True, help="Put our functions in place of others of the same name.")
@click.option("--candidates", is_flag=True, help="Also create functions that may replace wilson_sample.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, with the statements; write nothing.")
@click.option("--allow-write", metavar="PROJECT.DATASET", help="Write permission: repeat the BigQuery dataset.")
@output_options
def command(
    output: Output, target: str, *, replace: bool, candidates: bool, dry_run: bool, allow_write: str | None
) -> None:
    """Create caption_bandit_stats, mass_messages, wilson_score_bounds and wilson_sample in TARGET.

    What is there already stays; a function of another body is shown and kept, unless --replace is given.
    """
    from sim.warehouse import deploy

    with _opened(target, allow_write, dry_run) as opened:
        steps = deploy.plan(opened, replace=replace, candidates=candidates)
        if not dry_run:
            deploy.carry_out(opened, steps)
    data = {"target": target, "dry_run": dry_run, "steps": [step.data() for step in steps]}
    output.result(data, deploy.as_text(steps, statements=dry_run))


def _opened(text: str, allow_write: str | None, dry_run: bool) -> "Target":
    from sim.warehouse.guard import refuse_production
    from sim.warehouse.targets import open_target, parse_target, preview, writing

    if not dry_run:
        spec, permission = writing(text, allow_write)
        return open_target(spec, permission=permission)
    refuse_production(text)
    return preview(parse_target(text))
