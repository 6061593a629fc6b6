"""Compare this package with the machine's limit, a C kernel: `python -m benchmarks.limit`.

Ours and C do the same work in turn (A B A B …) and must give the same regrets to the last bit. Figures are medians of
the rounds in CPU time; the ratio is C's time over ours, of the same rounds, so that it does not depend on the machine's
mood. It is compared with the recorded one in figures.json: exit code 1 where it fell by more than `--tolerance`, or
where bits differ. `--record` writes the figures instead.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.limit import kernel
from sim.engine import simulate
from sim.rng import policy_purpose, row_keys
from sim.scenario import PolicySpec, Scenario, load

RECORDED = Path(__file__).with_name("figures.json")
SEED, PULLS = 7, 10_000
TOLERANCE = 0.25  # on a shared machine ratios of medians wander by a tenth


class Figure(NamedTuple):
    """One line of the table."""

    policy: str
    arms: int
    ours: float
    """CPU nanoseconds a pull."""
    limit: float
    ratio: float
    """Median over the rounds of C's time / ours: 1 is the limit, more is better than a plain C loop."""
    same_bits: bool

    @property
    def name(self) -> str:
        """Its key in the record."""
        return f"{self.policy}, K = {self.arms}"


def main() -> int:
    """Measure, print the table, compare or record."""
    options = _options()
    figures = list(measure(options))
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    print(table(figures, recorded))
    if not all(figure.same_bits for figure in figures):
        return _complain("ours and C differ in the regrets")
    if options.record:
        ratios = {figure.name: round(figure.ratio, 2) for figure in figures}
        RECORDED.write_text(json.dumps(recorded | ratios, indent=2) + "\n")
        return 0
    fallen = [one.name for one in figures if one.ratio < recorded.get(one.name, 0.0) * (1.0 - options.tolerance)]
    return _complain(f"slower than recorded: {'; '.join(fallen)}") if fallen else 0


def _complain(problem: str) -> int:
    print(problem, file=sys.stderr)
    return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--policies", nargs="+", default=list(kernel.POLICIES), choices=kernel.POLICIES)
    parser.add_argument("--replications", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--tolerance", type=float, default=TOLERANCE, help="share that a ratio may fall [%(default)s]")
    parser.add_argument("--record", action="store_true", help="make these figures the recorded ones")
    return parser.parse_args()


def measure(options: argparse.Namespace) -> Iterator[Figure]:
    """All policies at all numbers of arms."""
    kernel.library()
    for arms in options.arms:
        scenario = problem(arms, options)
        for spec in scenario.policies:
            yield duel(scenario, spec, options.rounds)


def problem(arms: int, options: argparse.Namespace) -> Scenario:
    """Arms of means 0.1 to 0.9, feedback at once, nothing recorded on the way."""
    means = np.linspace(0.1, 0.9, arms).tolist()
    return load(
        {
            "version": 1,
            "name": "limit",
            "seed": SEED,
            "replications": options.replications,
            "horizon": {"pulls": PULLS},
            "world": {"kind": "bernoulli", "means": means},
            "policies": list(options.policies),
            "record": {"stats": "none", "curve_points": 2},
        }
    )


def duel(scenario: Scenario, spec: PolicySpec, rounds: int) -> Figure:
    """One policy, ours against C in turn."""
    block, means = range(scenario.replications), np.array(scenario.world.means)  # type: ignore[union-attr]
    work = {
        "params": spec.build().parameters(),
        "pulls": PULLS,
        "means": np.tile(means, (len(block), 1)),
        "outcome": row_keys(SEED, "outcome", block)[:, 0],
        "own": row_keys(SEED, policy_purpose(spec.name), block)[:, 0],
    }
    simulate(scenario, spec, range(1))  # compiles
    ours, limit, same = [], [], True
    for _ in range(rounds):
        seconds, result = timed(simulate, scenario, spec, block)
        ours.append(seconds)
        seconds, (regret, _) = timed(kernel.simulate, spec.kind, **work)
        limit.append(seconds)
        same = same and np.array_equal(regret, result.totals.regret)
    a_pull = 1e9 / (PULLS * len(block))
    ratio = statistics.median(b / a for a, b in zip(ours, limit, strict=True))
    return Figure(
        spec.kind, len(means), a_pull * statistics.median(ours), a_pull * statistics.median(limit), ratio, same
    )


def timed(work: Any, *args: Any, **kwargs: Any) -> tuple[float, Any]:
    """(CPU seconds, result) of a call."""
    start = time.process_time()
    result = work(*args, **kwargs)
    return time.process_time() - start, result


def table(figures: list[Figure], recorded: dict[str, float]) -> str:
    """The figures as Markdown."""
    lines = ["| policy | K | ours, ns a pull | C, ns a pull | C / ours | recorded | same bits |"]
    lines.append("|---|--:|--:|--:|--:|--:|---|")
    for one in figures:
        before = f"{recorded[one.name]:.2f}" if one.name in recorded else "–"
        lines.append(
            f"| {one.policy} | {one.arms} | {one.ours:.1f} | {one.limit:.1f} | {one.ratio:.2f} | {before} "
            f"| {'yes' if one.same_bits else 'NO'} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
