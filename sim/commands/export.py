"""`export`: functions, tables and checks as files of other tools."""

from pathlib import Path

import click

from sim.commands.options import LocalPath
from sim.commands.output import Output, output_options
from sim.errors import InputError
from sim.warehouse.export import files, forms
from sim.wording import count_of


@click.command()
@click.option("--as", "form", type=click.Choice(forms()), required=True, help="The tool that the files are for.")
@click.option("--to", "place", required=True, metavar="PROJECT.DATASET", help="The dataset that the files name.")
@click.option("--out", type=LocalPath(), required=True, metavar="DIR", help="The folder to write.")
@click.option("--replace", is_flag=True, help="Replace files of the same name that differ.")
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@output_options
def command(*, form: str, place: str, out: Path, replace: bool, dry_run: bool, output: Output) -> None:
    """Write the functions, the tables and the checks as files for dbt, Dataform, Terraform or bq.

    Nothing is deployed. The checks are those that one statement answers, with their usual thresholds; `verify` has
    more.
    """
    from sim.files import make_folder, write_text
    from sim.warehouse.export.content import Content

    project, _, dataset = place.removeprefix("bigquery:").partition(".")
    try:
        found = files(form, Content(project, dataset))
    except ValueError as problem:
        raise InputError(f"--to {place}: {problem}", "Give PROJECT.DATASET.") from None
    differing = [
        name for name, text in found.items() if (out / name).exists() and (out / name).read_text("utf-8") != text
    ]
    if differing and not replace:
        raise InputError(f"{out / differing[0]} exists and differs", "--replace replaces it; nothing was written.")
    if not dry_run:
        for name, text in found.items():
            make_folder((out / name).parent)
            write_text(out / name, text)
    names = [str(out / name) for name in sorted(found)]
    verb = "would write" if dry_run else "wrote"
    output.result({"as": form, "files": names, "dry_run": dry_run}, f"{verb} {count_of(len(names), 'file')} into {out}")
