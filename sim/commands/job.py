"""`job`: run one of the deployable jobs on a target."""

from collections.abc import Sequence

import click

from sim.commands.output import Output, output_options
from sim.errors import CheckFailedError, InputError


@click.command()
@click.argument("name", required=False)
@click.option("--to", "target", metavar="TARGET", help="duckdb:FILE or bigquery:PROJECT.DATASET.")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE", help="A parameter of the job; may be repeated.")
@click.option("--allow-write", metavar="PROJECT.DATASET", help="Repeat the BigQuery dataset, to allow writing to it.")
@click.option("--dry-run", is_flag=True, help="Show the statements; run nothing.")
@output_options
def command(
    *,
    name: str | None,
    target: str | None,
    given: Sequence[str],
    allow_write: str | None,
    dry_run: bool,
    output: Output,
) -> None:
    """Run the job NAME on TARGET; without NAME, list the jobs.

    Jobs need the tables that `deploy --jobs` creates. Running a job again for the same time changes nothing.
    Exit code 1 where a check of the monitor job fails.
    """
    from sim.warehouse.jobs import job_named

    if name is None:
        _list(output)
        return
    job = job_named(name)
    if target is None:
        raise InputError("job: --to is missing", "--to duckdb:FILE or --to bigquery:PROJECT.DATASET")
    values = _values(given)
    job.values(values)
    if dry_run:
        _show(job.name, target, values, output)
    else:
        _run(job.name, target, values, allow_write, output)


def _list(output: Output) -> None:
    from sim.warehouse.jobs import jobs

    found = [{"name": job.name, "schedule": job.schedule, "title": job.title} for job in jobs().values()]
    width = max(len(one["name"]) for one in found)
    output.result(
        {"jobs": found}, "\n".join(f"{one['name']:{width}}  {one['schedule']:16}  {one['title']}" for one in found)
    )


def _values(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for text, (_, sign, value) in zip(given, pairs, strict=True):
        if not sign or not value:
            raise InputError(f"--set {text!r} is not NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _show(name: str, target: str, values: dict[str, str], output: Output) -> None:
    from sim.warehouse.guard import refuse_production
    from sim.warehouse.jobs import job_named
    from sim.warehouse.targets import parse_target, preview

    job = job_named(name)
    refuse_production(target)
    with preview(parse_target(target)) as opened:
        statements = job.statements(opened, job.values(values))
    text = "".join(f"{one.strip()};\n\n" for one in statements)
    output.result({"job": name, "target": target, "dry_run": True, "statements": statements}, text.rstrip())


def _run(name: str, target: str, values: dict[str, str], allow_write: str | None, output: Output) -> None:
    from sim.warehouse.jobs import job_named, run_job
    from sim.warehouse.targets import open_target, writing

    job = job_named(name)
    spec, permission = writing(target, allow_write)
    with open_target(spec, permission=permission) as opened:
        rows = run_job(opened, job, values)
    found = [] if rows is None else rows.to_pylist()
    lines = [f"{row['status']:4}  {row['check']}: {row['detail']}" for row in found]
    output.result({"job": name, "target": str(spec), "rows": found}, "\n".join(lines) or f"{spec}: {name} has run")
    failed = [row["check"] for row in found if row["status"] == "fail"]
    if failed:
        raise CheckFailedError(f"{name}: {', '.join(failed)} failed", "the lines above say why")
