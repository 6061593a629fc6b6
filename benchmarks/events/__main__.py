"""What events cost: `python -m benchmarks.events`.

First a SimPy process a message against ours, on the traffic scenario of `benchmarks.limit`: SimPy plays a small part of
the work, ours all of it, in turn; the ratio is of CPU time a message, and the 99.99 % intervals are of SimPy's means
less ours on the same banks. Then SimPy's own share of our time, in that scenario and in the shipped textbook. Exit code
1 where an interval leaves out zero, or a figure misses its bar.
"""

import argparse
import sys

from benchmarks.events import rival, share
from benchmarks.limit.traffic import scenario_of
from sim.scenario import load

PARTS = ("rival", "share")


def main() -> int:
    """Measure and print."""
    options = _options()
    problems = []
    if "rival" in options.only:
        problems += say_rival(options)
    if "share" in options.only:
        problems += say_share(options)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=PARTS, help="which measurement [both]")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pages", type=int, default=2, help="of SimPy's part [%(default)s]")
    parser.add_argument("--days", type=int, default=90, help="of SimPy's part [%(default)s]")
    parser.add_argument("--replications", type=int, default=30, help="of SimPy's part [%(default)s]")
    return parser.parse_args()


def say_rival(options: argparse.Namespace) -> list[str]:
    """Print the comparisons; returns what is wrong."""
    found, problems = rival.compare(options.pages, options.days, options.replications, options.rounds), []
    print("| captions as | a process a message, µs | ours, µs a message | ratio |\n|---|--:|--:|--:|")
    for one in found:
        print(f"| {one.kind} | {1e6 * one.simpy:.1f} | {1e6 * one.ours:.3f} | {one.ratio:.0f} |")
        if one.kind == "objects" and one.ratio < rival.BAR:
            problems.append(f"ours is {one.ratio:.0f} × a process a message, below the bar of {rival.BAR:.0f}")
    print("\n| captions as | mean | SimPy | ours | 99.99 % interval of the difference |\n|---|---|--:|--:|---|")
    for one in found:
        for each in one.differences:
            means = f"{each.simpy:.4f} | {each.ours:.4f} | [{each.low:.4f}, {each.high:.4f}]"
            print(f"| {one.kind} | {each.measure} | {means} |")
            if not each.agrees:
                problems.append(f"SimPy with captions as {one.kind} and ours differ in {each.measure}")
    print()
    return problems


def say_share(options: argparse.Namespace) -> list[str]:
    """Print SimPy's shares; returns what is wrong."""
    works = {"traffic": (scenario_of(replications=2), 2), "textbook": (load("textbook", ["record.stats=none"]), 100)}
    problems = []
    print("| scenario | policy | SimPy's own, ms a block | whole, ms | share, % |\n|---|---|--:|--:|--:|")
    for name, (scenario, replications) in works.items():
        for one in share.measure(scenario, replications, options.rounds):
            print(f"| {name} | {one.policy} | {1e3 * one.clock:.2f} | {1e3 * one.whole:.0f} | {100 * one.share:.2f} |")
            if one.share > share.BAR:
                problems.append(f"SimPy takes {100 * one.share:.1f} % of {name}, {one.policy}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
