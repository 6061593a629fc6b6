"""Compare this package with the machine's limit, a C kernel: `python -m benchmarks.limit`.

Ours and C do the same work in turn (A B A B …) and must give the same results to the last bit. Figures are medians of
the rounds in CPU time; the ratio is C's time over ours, of the same rounds, so that it does not depend on the load of
the machine. It is compared with the recorded one in figures.json: exit code 1 where it fell by more than `--tolerance`,
where results differ, or where the traffic scenario takes more memory, or with large banks more time, than it may.
`--record` writes the ratios instead.
"""

import argparse
import sys
from collections.abc import Iterator

from benchmarks.limit import bernoulli, memory, report, traffic
from benchmarks.limit.report import Figure
from sim.scenario import Scenario

TOLERANCE = 0.25  # on a shared machine ratios of medians wander by a tenth
BAR_MEGABYTES, BAR_CAPTIONS = 300, 500  # memory of a run, with banks up to this size
MEMORY_REPLICATIONS = 8  # more than a block holds: from there on memory does not grow
FEW, MANY, BAR_GROWTH = 500, 16_500, 2.0  # captions of a page, most cold, and what the many may cost, as a multiple
WORKS = ("bernoulli", "traffic")


def main() -> int:
    """Measure, print the table, compare or record."""
    options = _options()
    figures, before = list(_measure(options)), report.recorded()
    print(report.table(figures, before))
    problems = [f"ours and C differ: {one.name}" for one in figures if not one.duel.agree]
    if "traffic" in options.only:
        problems += _say_traffic(figures, options)
    if options.record and not problems:
        report.record(figures)
    elif not options.record:
        problems += [f"slower than recorded: {name}" for name in report.fallen(figures, before, options.tolerance)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(WORKS), choices=WORKS, help="which work [both]")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="share that a ratio may fall [%(default)s]")
    parser.add_argument("--record", action="store_true", help="make these ratios the recorded ones")
    parser.add_argument("--arms", type=int, nargs="+", default=[10, 100], help="of bernoulli [%(default)s]")
    parser.add_argument("--policies", nargs="+", default=list(bernoulli.POLICIES), choices=bernoulli.POLICIES)
    parser.add_argument("--replications", type=int, default=20, help="of bernoulli [%(default)s]")
    parser.add_argument("--captions", type=int, nargs="+", default=[FEW, MANY], help="of a traffic page [%(default)s]")
    parser.add_argument("--traffic-replications", type=int, default=2, help="[%(default)s]")
    return parser.parse_args()


def _measure(options: argparse.Namespace) -> Iterator[Figure]:
    if "bernoulli" in options.only:
        yield from bernoulli.measure(options.arms, options.policies, options.replications, options.rounds)
    if "traffic" in options.only:
        for captions in options.captions:
            yield from traffic.measure(_scenario(captions, options), options.rounds)


def _scenario(captions: int, options: argparse.Namespace) -> Scenario:
    return traffic.scenario_of(captions, replications=options.traffic_replications)


def _say_traffic(figures: list[Figure], options: argparse.Namespace) -> list[str]:
    """Print speeds and memory; returns what is wrong."""
    print()
    for one in figures:
        if one.unit == "message":
            print(f"- {one.name}: {1 / one.ours:,.0f} messages a CPU second, C {1 / one.limit:,.0f}")
    problems = _say_growth(options) if {FEW, MANY} <= set(options.captions) else []
    for captions in options.captions:
        megabytes = memory.peak_of_run(traffic.scenario_of(captions, replications=MEMORY_REPLICATIONS))
        bar = f" (the bar: {BAR_MEGABYTES})" if captions <= BAR_CAPTIONS else ""
        print(f"- traffic, {captions:,} captions: a run takes at most {megabytes:.0f} MB{bar}")
        if captions <= BAR_CAPTIONS and megabytes > BAR_MEGABYTES:
            problems.append(f"a run with {captions:,} captions takes {megabytes:.0f} MB")
    return problems


def _say_growth(options: argparse.Namespace) -> list[str]:
    """Print what ours takes longer with large banks; returns what is wrong."""
    found = traffic.growth(_scenario(FEW, options), _scenario(MANY, options), options.rounds)
    print(f"- traffic, {MANY:,} captions: {found.ratio:.2f} × the time of {FEW:,} (the bar: {BAR_GROWTH:.0f})")
    problems = [] if found.agree else [f"{MANY:,} captions do not send as many messages as {FEW:,}"]
    if found.ratio > BAR_GROWTH:
        problems.append(f"{MANY:,} captions take {found.ratio:.2f} × the time of {FEW:,}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
