"""The scenario file of a calibration: YAML in which each figure carries its interval, and each default its reason."""

import textwrap
from collections.abc import Sequence
from typing import Any

from sim.calibration.figures import Figure, Value

WIDTH = 100
POLICIES = ["wilson_sample", "thompson_beta", "uniform"]
"""The deployed rule, a candidate so that a run decides something, and random choice."""
DIGITS = 4


def content_of(figures: Sequence[Figure], name: str, days: int) -> dict[str, Any]:
    """The content of the scenario; keys that are not identified are left to their defaults."""
    content: dict[str, Any] = {
        "version": 1,
        "name": name,
        "seed": 7,
        "replications": 200,
        "horizon": {"days": days},
        "world": {"kind": "traffic"},
    }
    for figure in figures:
        if figure.identified:
            *path, last = figure.key.split(".")
            at = content
            for part in path:
                at = at.setdefault(part, {})
            at[last] = rounded(figure.value)
    content["policies"] = POLICIES
    return content


def rounded(value: Value) -> Any:
    """Numbers to four significant digits; whole ones without a point."""
    if isinstance(value, float):
        short = float(f"{value:.{DIGITS}g}")
        return int(short) if short.is_integer() and abs(short) < 1e15 else short
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [rounded(each) for each in value]
    return value


def scenario_text(figures: Sequence[Figure], name: str, days: int, source: str) -> str:
    """The file."""
    comments = {each.key: each.comment for each in figures if each.identified}
    lines = [
        f"# Calibrated to {source} by `python -m sim calibrate`.",
        "# Numbers in comments are 95 % intervals. The end of the file lists what the log does not show.",
        *_lines(content_of(figures, name, days), "", 0, comments),
        "",
        "# Not identified from this log; the default stands in:",
    ]
    for figure in figures:
        if not figure.identified:
            lines += _comment(f"{figure.key}: {figure.note}", 0, hanging=True)
    return "\n".join(lines) + "\n"


def _lines(content: dict[str, Any], prefix: str, depth: int, comments: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for key, value in content.items():
        path = f"{prefix}{key}"
        if comments.get(path):
            lines += _comment(comments[path], depth)
        if isinstance(value, dict):
            lines += [f"{'  ' * depth}{key}:", *_lines(value, f"{path}.", depth + 1, comments)]
        else:
            lines += _value(key, value, depth)
    return lines


def _value(key: str, value: Any, depth: int) -> list[str]:
    """`key: value`; long lists are wrapped."""
    if not isinstance(value, list):
        return [f"{'  ' * depth}{key}: {_scalar(value)}"]
    items = [f"[{', '.join(map(_scalar, each))}]" if isinstance(each, list) else _scalar(each) for each in value]
    text = f"{key}: [{', '.join(items)}]"
    indent = "  " * depth
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ")


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return f"'{value}'" if value[:1].isdigit() else value
    return f"{value:.12f}".rstrip("0") if isinstance(value, float) and abs(value) < 1e-4 else str(value)


def _comment(text: str, depth: int, *, hanging: bool = False) -> list[str]:
    indent = "  " * depth + "# "
    return textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=indent + "  " * hanging, break_long_words=False
    )
