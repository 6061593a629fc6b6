"""Write docs/cli.md from the commands' own help: `python docs/generate_cli.py`. A test holds the file to it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sim.cli import PROGRAM, cli

TARGET = Path(__file__).with_name("cli.md")
WIDTH = 100


COMPLETION = r"""
## Shell completion

Add one line to the start-up file of your shell; it completes commands, options and shipped
scenarios of `caption-sim`.

| shell | file | line |
|---|---|---|
| bash | `~/.bashrc` | `eval "$(_CAPTION_SIM_COMPLETE=bash_source caption-sim)"` |
| zsh | `~/.zshrc` | `eval "$(_CAPTION_SIM_COMPLETE=zsh_source caption-sim)"` |
| fish | `~/.config/fish/completions/caption-sim.fish` | `_CAPTION_SIM_COMPLETE=fish_source caption-sim \| source` |
""".rstrip().splitlines()


def pages(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """(name, help) of a command and of everything below it."""
    context = click.Context(
        command, info_name=name, parent=parent, **{**command.context_settings, "terminal_width": WIDTH}
    )
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            if found is not None:
                yield from pages(found, below, context)


def reference() -> str:
    """The whole page."""
    parts = ["# Command reference", "", "Made from `--help` by `docs/generate_cli.py`.", *COMPLETION]
    for name, text in pages(cli, PROGRAM):
        parts += ["", f"## {name}", "", "```", text.rstrip(), "```"]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
