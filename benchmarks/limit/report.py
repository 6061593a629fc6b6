"""The table of figures, and the recorded ratios that they are held against."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.limit.timing import Duel

RECORDED = Path(__file__).with_name("figures.json")


class Figure(NamedTuple):
    """One line of the table."""

    name: str
    """Its key in the record."""
    unit: str
    """Of work: a pull, a message."""
    ours: float
    """CPU seconds a unit."""
    limit: float
    duel: Duel


def recorded() -> dict[str, float]:
    """The ratios of the last `--record`."""
    return dict(json.loads(RECORDED.read_text())) if RECORDED.exists() else {}


def record(figures: Sequence[Figure]) -> None:
    """Make these ratios the recorded ones, and keep those of work that was not measured."""
    ratios = {one.name: round(one.duel.ratio, 2) for one in figures}
    RECORDED.write_text(json.dumps(recorded() | ratios, indent=2) + "\n")


def fallen(figures: Sequence[Figure], before: dict[str, float], tolerance: float) -> list[str]:
    """Names of the work whose ratio fell by more than the share `tolerance`."""
    return [one.name for one in figures if one.duel.ratio < before.get(one.name, 0.0) * (1.0 - tolerance)]


def table(figures: Sequence[Figure], before: dict[str, float]) -> str:
    """The figures as Markdown."""
    lines = ["| work | a … | ours, ns | C, ns | C / ours | recorded | same results |", "|---|---|--:|--:|--:|--:|---|"]
    lines += [_line(one, before) for one in figures]
    return "\n".join(lines)


def _line(one: Figure, before: dict[str, float]) -> str:
    known = f"{before[one.name]:.2f}" if one.name in before else "–"
    times = f"{1e9 * one.ours:.1f} | {1e9 * one.limit:.1f} | {one.duel.ratio:.2f}"
    return f"| {one.name} | {one.unit} | {times} | {known} | {'yes' if one.duel.agree else 'NO'} |"
