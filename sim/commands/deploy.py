"""`deploy`: create the tables and the functions in a target."""

from typing import Any

import click

from sim.commands.output import Output, output_options


@click.command()
@click.option("--to", "target", required=True, metavar="TARGET", help="duckdb:FILE or bigquery:PROJECT.DATASET.")
@click.option("--replace", is_flag=True, help="Put our functions in place of others of the same name.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, with the statements; write nothing.")
@click.option("--allow-write", metavar="PROJECT.DATASET", help="Leave to write to this BigQuery dataset, repeated.")
@output_options
def command(output: Output, target: str, replace: bool, dry_run: bool, allow_write: str | None) -> None:
    """Create caption_bandit_stats, mass_messages, wilson_score_bounds and wilson_sample in TARGET.

    What is there already stays; a function of another body is shown and kept, unless --replace is given.
    """
    from sim.warehouse import deploy

    with _opened(target, allow_write, dry_run) as opened:
        steps = deploy.plan(opened, replace=replace)
        if not dry_run:
            deploy.carry_out(opened, steps)
    data = {"target": target, "dry_run": dry_run, "steps": [step.data() for step in steps]}
    output.result(data, deploy.as_text(steps, statements=dry_run))


def _opened(text: str, allow_write: str | None, dry_run: bool) -> Any:
    from sim.warehouse.base import TargetSpec, open_target, parse_target
    from sim.warehouse.guard import refuse_production, writing

    if not dry_run:
        spec, permit = writing(text, allow_write)
        return open_target(spec, permit=permit)
    refuse_production(text)
    spec = parse_target(text)
    # Looking must not create: a file that is not there yet is planned for in memory.
    missing = spec.kind == "duckdb" and not spec.path.exists()
    return open_target(TargetSpec("duckdb", ":memory:")) if missing else open_target(spec, read_only=True)
