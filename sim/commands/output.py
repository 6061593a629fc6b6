"""The output of every command: the result on stdout, notes on stderr.

    @click.command()
    @output_options
    def command(output: Output) -> None:
        output.note("reading …")                       # stderr, unless --quiet
        output.result({"rows": 3}, "3 rows written")   # stdout: the JSON under --json, else the text

`--quiet` silences notes and progress; results and errors remain.
"""

import functools
import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from sim.terminal import BUNDLE, log_line, visible, visible_in_colour, visible_json


@dataclass(frozen=True)
class Output:
    """Where a command writes, and in which form."""

    as_json: bool = False
    quiet: bool = False
    log_json: bool = False

    def note(self, text: str) -> None:
        """Write a note to stderr, unless --quiet."""
        if not self.quiet:
            click.echo(log_line("info", text) if self.log_json else visible(text), err=True)

    def result(self, data: Any, text: str, *, coloured: bool = False) -> None:
        """The command's result: `data` as JSON under `--json`, otherwise `text`, which may be `coloured`."""
        shown = visible_in_colour(text) if coloured else visible(text)
        click.echo(visible_json(json_text(data)) if self.as_json else shown)

    @property
    def live(self) -> bool:
        """Whether a moving progress bar makes sense."""
        return not self.quiet and not self.log_json and sys.stderr.isatty()


def json_text(data: Any) -> str:
    """Strict JSON (NaN and infinities become null), keys in the order given, one trailing newline missing."""
    return json.dumps(_finite(data), indent=2, ensure_ascii=False, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json`, `--quiet`, `--log-format` and `--debug` to a command, which receives `output: Output`."""

    @click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
    @click.option("--quiet", "-q", is_flag=True, help="Print no notes and no progress on stderr.")
    @click.option(
        "--log-format",
        type=click.Choice(["text", "json"]),
        default="text",
        help="Notes and errors on stderr as text, or as one JSON object per line.",
    )
    @click.option("--debug", is_flag=True, expose_value=False, help=f"On failure, write {BUNDLE}: no secret is in it.")
    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool, quiet: bool, log_format: str, **kwargs: Any) -> Any:
        return function(*args, output=Output(as_json, quiet, log_format == "json"), **kwargs)

    return wrapped
