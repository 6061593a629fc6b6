"""`policies`: every policy that a scenario can name, with its parameters, defaults and source."""

import inspect
import shutil
import textwrap
from dataclasses import Field
from typing import TYPE_CHECKING, Any

import click

from sim.commands.output import Output, output_options
from sim.errors import InputError
from sim.wording import did_you_mean

if TYPE_CHECKING:
    from policies.base import Policy

_INDENT = "    "
NARROWEST = 16  # columns left for the meaning of a parameter beside its default
_WIDEST = 110


@click.command("policies")
@click.argument("wanted", metavar="[KIND]...", nargs=-1)
@output_options
def command(wanted: tuple[str, ...], output: Output) -> None:
    """List every policy, or those named, with parameters, defaults and source.

    Own policies join through entry points of the group caption_bandit_sim.policies.
    """
    from policies.registry import broken, kinds

    known = kinds()
    unknown = [kind for kind in wanted if kind not in known]
    if unknown:
        meant = did_you_mean(unknown[0], known).partition("; known")[0]
        raise InputError(f"no such policy: {', '.join(unknown)}{meant}", hint=f"Known: {', '.join(known)}")
    for name, why in broken().items():
        output.note(f"plug-in {name!r} could not be loaded: {why}")
    described = [_described(known[kind]) for kind in (wanted or known)]
    output.result(described, "\n\n".join(_text(item, _width()) for item in described))


def _width() -> int:
    return max(40, min(_WIDEST, shutil.get_terminal_size((_WIDEST, 24)).columns))


def _described(kind: "type[Policy]") -> dict[str, Any]:
    """What is known of a policy, as JSON."""
    return {
        "kind": kind.kind,
        "doc": inspect.cleandoc(kind.__doc__ or ""),
        "parameters": [_parameter(item) for item in kind.__dataclass_fields__.values() if "doc" in item.metadata],
        "source": kind.source,
        "module": kind.__module__,
    }


def _parameter(item: "Field[Any]") -> dict[str, Any]:
    return {"name": item.name, "default": item.default, "range": _range(item.metadata), "doc": item.metadata["doc"]}


def _range(metadata: Any) -> str:
    if metadata["choices"]:
        return " | ".join(metadata["choices"])
    low, high, above = metadata["low"], metadata["high"], metadata["open_low"]
    parts = [] if low is None else [f"{'>' if above else '>='} {low:g}"]
    return ", ".join(parts if high is None else [*parts, f"<= {high:g}"])


def _text(item: dict[str, Any], width: int) -> str:
    lines = [item["kind"]]
    for paragraph in item["doc"].split("\n\n"):
        lines += textwrap.wrap(" ".join(paragraph.split()), width, initial_indent=_INDENT, subsequent_indent=_INDENT)
    lines += _table([_row(entry) for entry in item["parameters"]], width)
    deeper = _INDENT + " " * len("source: ")
    lines += textwrap.wrap(f"source: {item['source']}", width, initial_indent=_INDENT, subsequent_indent=deeper)
    return "\n".join(lines)


def _row(entry: dict[str, Any]) -> tuple[str, str, str]:
    allowed = f" ({entry['range']})" if entry["range"] else ""
    return entry["name"], _shown(entry["default"]), entry["doc"] + allowed


def _shown(default: Any) -> str:
    """A default as one would write it in a scenario."""
    if isinstance(default, tuple):
        return f"[{', '.join(_shown(value) for value in default)}]"
    if isinstance(default, float):
        return f"{default:g}"
    return "null" if default is None else str(default)


def _below(meaning: str, width: int) -> list[str]:
    return textwrap.wrap(meaning, width, initial_indent=2 * _INDENT, subsequent_indent=2 * _INDENT)


def _table(rows: list[tuple[str, str, str]], width: int) -> list[str]:
    """Name, default and meaning in columns; the meaning wraps in its own."""
    columns = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    lines = []
    for name, default, meaning in rows:
        start = f"{_INDENT}{name:<{columns[0]}}  {default:<{columns[1]}}  "
        if len(start) + NARROWEST > width:  # too little is left beside long defaults: the meaning goes below
            lines += [*textwrap.wrap(start, width, subsequent_indent=_INDENT), *_below(meaning, width)]
        else:
            lines += textwrap.wrap(meaning, width, initial_indent=start, subsequent_indent=" " * len(start))
    return lines
