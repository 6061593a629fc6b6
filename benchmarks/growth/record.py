"""The figures as they are kept: `benchmarks/growth.json`."""

import json
import os
import platform
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RECORD = Path(__file__).resolve().parents[1] / "growth.json"
DIGITS = 4  # significant


@dataclass(frozen=True)
class Line:
    """The figures of one point of an axis."""

    series: str
    size: float
    figures: dict[str, float]


@dataclass(frozen=True)
class Axis:
    """What was measured along one axis, and where and when."""

    lines: list[Line]
    measured: str

    def series(self, name: str, figure: str) -> dict[float, float]:
        """A figure by size."""
        return {line.size: line.figures[figure] for line in self.lines if line.series == name}

    @property
    def names(self) -> list[str]:
        """Of the series, in the order of measurement."""
        return list(dict.fromkeys(line.series for line in self.lines))

    @property
    def sizes(self) -> list[float]:
        """All sizes, upwards."""
        return sorted({line.size for line in self.lines})


def read(path: Path) -> dict[str, Axis]:
    """All recorded axes; none where there is no record."""
    return {
        name: Axis([Line(series, size, figures) for series, size, figures in axis["lines"]], axis["measured"])
        for name, axis in _content(path).items()
    }


def write(path: Path, axis: str, lines: list[Line]) -> None:
    """Record one axis in place of what was recorded of it; a line a point, so that changes are easy to see."""
    rows = [[line.series, line.size, {name: _rounded(value) for name, value in line.figures.items()}] for line in lines]
    path.write_text(_text(_content(path) | {axis: {"measured": where(), "lines": rows}}), "utf-8", newline="\n")


def where() -> str:
    """The day, the processor and the versions that decide about speed."""
    import numba

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    today = datetime.now(UTC).date()
    return f"{today}, {cores} × {_processor()}, Python {platform.python_version()}, Numba {numba.__version__}"


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*:\s*(.+)", described.read_text()) if described.exists() else None
    return found[1].strip() if found else platform.machine()


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _content(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _text(content: dict[str, Any]) -> str:
    axes = []
    for name, axis in sorted(content.items()):
        rows = ",\n".join(f"      {json.dumps(row)}" for row in axis["lines"])
        measured = json.dumps(axis["measured"], ensure_ascii=False)
        axes.append(f'  {json.dumps(name)}: {{\n    "measured": {measured},\n    "lines": [\n{rows}\n    ]\n  }}')
    return "{\n" + ",\n".join(axes) + "\n}\n"
