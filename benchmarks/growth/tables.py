"""The tables of docs/performance.md, filled in from the record between `<!-- growth: NAME -->` and `<!-- end -->`."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.growth.record import Axis
from benchmarks.growth.workers import ratios

_SLOT = re.compile(r"(<!-- growth: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(page: Path, recorded: Mapping[str, Axis]) -> None:
    """Rewrite the page's tables of recorded axes; raises SystemExit for a slot of an unknown axis."""
    text = page.read_text(encoding="utf-8")
    unknown = {name for _, name, _ in _SLOT.findall(text)} - set(TABLES)
    if unknown:
        raise SystemExit(f"{page} asks for tables that there are not: {', '.join(sorted(unknown))}")

    def filled(found: re.Match[str]) -> str:
        axis = recorded.get(found[2])
        return f"{found[1]}{TABLES[found[2]](axis)}\n{found[3]}" if axis else found[0]

    page.write_text(_SLOT.sub(filled, text), encoding="utf-8", newline="\n")


def by_size(across: str, figure: str, digits: int, scale: float = 1.0) -> Callable[[Axis], str]:
    """A table with a line a size and a column a series."""

    def table(axis: Axis) -> str:
        columns = [axis.series(name, figure) for name in axis.names]
        rows = [[f"{size:,.0f}", *(_number(column, size, digits, scale) for column in columns)] for size in axis.sizes]
        return markdown([across, *(f"`{name}`" for name in axis.names)], rows, axis.measured)

    return table


def memory(axis: Axis) -> str:
    """Megabytes by multiple, and the growth from the first to the last."""
    sizes = axis.sizes
    rows = []
    for name in axis.names:
        peak = axis.series(name, "peak")
        rows.append([name, *(f"{peak[size]:.0f}" for size in sizes), f"{peak[sizes[-1]] / peak[sizes[0]] - 1:+.1%}"])
    return markdown(["peak MB", *(f"× {size:.0f}" for size in sizes), "growth"], rows, axis.measured)


def workers(axis: Axis) -> str:
    """The long run's seconds, and throughput against one worker: as timed, start apart, and as its CPU time allows."""
    wall, cpu, of = axis.series("long", "wall"), axis.series("long", "cpu"), ratios(axis)
    rows = [
        [
            *(f"{count:.0f}", f"{wall[count]:.1f}", f"{cpu[count]:.1f}"),
            *(f"{ratio[count]:.2f} ×" for ratio in of.values()),
            f"{count * cpu[1] / cpu[count]:.2f} ×",
        ]
        for count in axis.sizes
    ]
    header = ["workers", "wall s", "CPU s", *(f"throughput, {name}" for name in of), "by CPU time, the whole run"]
    return markdown(header, rows, axis.measured)


def starts(axis: Axis) -> str:
    """Seconds to the first event, and what was compiled for it."""
    rows = [
        [f"`run {line.series}`", f"{line.figures['seconds']:.2f}", f"{line.figures['compiled']:.0f}"]
        for line in axis.lines
    ]
    return markdown(["second start of", "CPU s to the first event", "functions compiled"], rows, axis.measured)


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]], measured: str) -> str:
    """A table, and where it was measured."""
    lines = [header, ["--:"] * len(header), *rows]
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", f"*{measured}*"])


def _number(column: Mapping[float, float], size: float, digits: int, scale: float) -> str:
    return f"{scale * column[size]:,.{digits}f}" if size in column else "–"


TABLES: dict[str, Callable[[Axis], str]] = {
    "arms": by_size("K; ns per pull", "ns", 0),
    "pulls": by_size("T; ns per pull", "ns", 0),
    "replications": by_size("R; CPU s per run", "cpu", 2),
    "pages": by_size("pages; µs per message", "ns", 2, 1e-3),
    "captions": by_size("captions; µs per message", "ns", 2, 1e-3),
    "workers": workers,
    "memory": memory,
    "starts": starts,
}
