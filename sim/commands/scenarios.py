"""`scenarios`: list, show, check and create scenarios; print the JSON Schema."""

from pathlib import Path
from typing import Any

import click

from sim.commands.options import LocalPath, completions
from sim.commands.output import Output, json_text, output_options
from sim.errors import InputError, ScenarioError, SimError, StorageError

SET = click.option(
    "--set", "overrides", multiple=True, metavar="KEY.PATH=VALUE", help="Change one value first; repeatable."
)


@click.group()
def command() -> None:
    """List, show, check and create scenarios; print the JSON Schema for editors."""


@command.command("list")
@output_options
def list_(output: Output) -> None:
    """List the shipped scenarios, one per line."""
    from scenarios import names, path_of

    found = [{"name": name, "description": _description(path_of(name)), "file": f"{name}.yaml"} for name in names()]
    width = max(len(each["name"]) for each in found)
    output.result(found, "\n".join(f"{each['name']:<{width}}  {each['description']}" for each in found))


def _description(path: Path) -> str:
    """The first sentence of the comment at the top of the file, without the title before its colon."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# "))
    sentence = " ".join(lines).partition(". ")[0].rstrip(".").partition(": ")[2]
    return sentence[:1].upper() + sentence[1:]


@command.command()
@click.argument("scenario", metavar="NAME|FILE", shell_complete=completions)
@click.option("--filled", is_flag=True, help="With every default filled in, instead of the file as it is.")
@SET
@output_options
def show(scenario: str, filled: bool, overrides: tuple[str, ...], output: Output) -> None:
    """Print a scenario: the file as it is or, with --filled, --set or --json, every value that a run would use."""
    from sim.scenario import load
    from sim.scenario.loader import find, read_text

    loaded = load(scenario, overrides)
    text = loaded.to_yaml() if filled or overrides else read_text(find(scenario), scenario)
    output.result(loaded.content(), text.rstrip("\n"))


@command.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@SET
@output_options
def check(files: tuple[str, ...], overrides: tuple[str, ...], output: Output) -> None:
    """List every problem of the scenarios, each as file:line. Exit code 2 if there is one."""
    results = [_checked(file, overrides) for file in files]
    output.result([each for each, _ in results], "\n".join(_line(each) for each, _ in results))
    worst = max((error.exit_code for _, error in results if error is not None), default=0)
    raise click.exceptions.Exit(worst)


def _checked(file: str, overrides: tuple[str, ...]) -> tuple[dict[str, Any], SimError | None]:
    from sim.scenario import load

    try:
        scenario = load(file, overrides)
        scenario.require_files()
        return {"file": file, "ok": True, "name": scenario.name, "digest": scenario.digest, "problems": []}, None
    except ScenarioError as error:
        problems = [
            {"file": each.file, "line": each.line, "key": each.key, "message": each.message, "text": str(each)}
            for each in error.problems
        ]
        return {"file": file, "ok": False, "problems": problems}, error
    except (InputError, StorageError) as error:
        text = f"{error.message}. {error.hint}".rstrip(". ")
        problem = {"file": file, "line": None, "key": "", "message": text, "text": f"{file}: {text}"}
        return {"file": file, "ok": False, "problems": [problem]}, error


def _line(result: dict[str, Any]) -> str:
    if result["ok"]:
        return f"{result['file']}: ok"
    return "\n".join(problem["text"] for problem in result["problems"])


@command.command()
@output_options
def schema(output: Output) -> None:
    """Print the JSON Schema (draft 2020-12) of a scenario, including installed policies."""
    from sim.scenario.schema import scenario_schema

    found = scenario_schema()
    output.result(found, json_text(found))


@command.command()
@click.argument("name")
@click.option(
    "--world",
    type=click.Choice(["traffic", "table", "bernoulli"]),
    default="traffic",
    show_default=True,
    help="Synthetic traffic, your own counts, or the textbook problem.",
)
@click.option("--out", type=LocalPath(), metavar="FILE", help="The file.  [default: NAME.yaml]")
@click.option("--dry-run", is_flag=True, help="Print the scenario; write nothing.")
@output_options
def init(name: str, world: str, out: Path | None, dry_run: bool, output: Output) -> None:
    """Write a commented scenario of your own, called NAME (or NAME.yaml), to start from."""
    from scenarios import template
    from sim.scenario import load

    name = name.removesuffix(".yaml")
    text = template(world).replace("NAME", name)
    path = Path(f"{name}.yaml") if out is None else out
    load(text)  # a name that cannot be one is refused
    if dry_run:
        output.result({"file": str(path), "text": text}, text.rstrip("\n"))
        return
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise StorageError(f"{path} exists; it is left as it is", "Choose another name, or --out FILE.") from None
    source = " --set world.source=FILE" if world == "table" else ""
    output.result({"file": str(path)}, f"{path}\nNext: python -m sim run {path}{source}")
