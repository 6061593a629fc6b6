"""How cost grows with arms, pulls, replications, pages, captions and workers: `python -m benchmarks.growth`.

Measures each axis, all its points in turn, round after round, and keeps the medians in `benchmarks/growth.json`; then
draws `docs/performance/*.svg` and fills in the tables of `docs/performance.md`. A pull or message is measured as the
CPU time of `sim.worlds.engine.simulate` over their number, a run as a process of its own. Kernels are compiled before.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.growth.axes import AXES, QUICK, Point, Sizes
from benchmarks.growth.draw import draw
from benchmarks.growth.record import RECORD, Line, read, write
from benchmarks.growth.tables import fill

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> int:
    """Measure what the command line names, record it, draw."""
    options = _options()
    for axis in () if options.draw else options.axes:
        start = time.perf_counter()
        lines = measure(AXES[axis](QUICK if options.quick else Sizes()), options.rounds)
        write(options.record, axis, lines)
        print(f"{axis}: {len(lines)} points, {time.perf_counter() - start:.0f} s", file=sys.stderr)
    recorded = read(options.record)
    draw(recorded, options.docs / "performance")
    fill(options.docs / "performance.md", recorded)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axes", nargs="+", choices=AXES, default=list(AXES), help="measure these only [all]")
    parser.add_argument("--rounds", type=int, default=3, help="of which medians are taken [%(default)s]")
    parser.add_argument("--quick", action="store_true", help="a few small sizes; for a look, not for the record")
    parser.add_argument("--draw", action="store_true", help="measure nothing: draw what is recorded")
    parser.add_argument("--record", type=Path, default=RECORD, metavar="FILE", help="[benchmarks/growth.json]")
    parser.add_argument("--docs", type=Path, default=DOCS, metavar="DIR", help="holds performance.md [docs]")
    return parser.parse_args()


def measure(points: Iterable[Point], rounds: int) -> list[Line]:
    """Medians of the figures of all points, taken in turn."""
    planned = list(points)
    for point in planned:
        point.warm()
    found = [[point.run() for point in planned] for _ in range(rounds)]
    return [
        Line(point.series, point.size, {name: statistics.median(one[name] for one in figures) for name in figures[0]})
        for point, figures in zip(planned, zip(*found, strict=True), strict=True)
    ]


if __name__ == "__main__":
    sys.exit(main())
