"""What a message costs in a bank of 16,561 captions, compared with one of 500: `python -m benchmarks.bank`.

The same traffic pages, 90 days of 15 messages, are simulated with both banks in turn (A B A B …), after each has been
simulated once for compilation. A figure is the median of the rounds, in CPU time of the whole of `simulate`, banks
included; the ratio is the median of the ratios of a round. Exit code 1 where a ratio of a policy that draws the scores
of untried captions at once (`exchangeable_untried`) is above 2.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from policies.registry import build, kinds
from sim.scenario import load
from sim.worlds.engine import simulate
from sim.worlds.traffic.arrays import pools

FEW, MANY, DAYS, PER_DAY, MOST = 500, 16_561, 90, 15, 2.0


class Cost(NamedTuple):
    """CPU seconds per round with each bank."""

    policy: str
    few: list[float]
    many: list[float]

    @property
    def ratio(self) -> float:
        """The median over rounds of the large bank's time over the small one's."""
        return statistics.median(many / few for few, many in zip(self.few, self.many, strict=True))

    @property
    def allows(self) -> bool:
        """Whether the policy lets the engine draw the scores of untried captions at once."""
        return pools(build(self.policy))


def scenario(policy: str, captions: int, pages: int) -> Any:
    """Pages without the messages of other tiers, so that each message is a decision among all captions of its tier."""
    world = {"kind": "traffic", "pages": pages, "bank": {"captions": captions}, "sends": {"per_day": PER_DAY}}
    content = {"version": 1, "name": "bank", "seed": 3, "horizon": {"days": DAYS}, "world": world}
    return load(content | {"policies": [policy], "record": {"stats": "none"}})


def seconds(content: Any) -> float:
    """CPU seconds of one simulation."""
    start = time.process_time()
    simulate(content, content.policies[0], range(1))
    return time.process_time() - start


def measure(policy: str, pages: int, rounds: int) -> Cost:
    """Both banks in turn."""
    few, many = scenario(policy, FEW, pages), scenario(policy, MANY, pages)
    for content in (few, many):
        seconds(content)
    pairs = [(seconds(few), seconds(many)) for _ in range(rounds)]
    return Cost(policy, [one for one, _ in pairs], [other for _, other in pairs])


def table(costs: Sequence[Cost], pages: int) -> str:
    """Markdown, one row per policy, microseconds per message."""
    per_message = 1e6 / (pages * DAYS * PER_DAY)
    lines = [f"| policy | {FEW} captions, µs per message | {MANY:,} captions | ratio | draws untried at once |"]
    lines.append("|---|--:|--:|--:|---|")
    for cost in costs:
        few, many = (statistics.median(each) * per_message for each in (cost.few, cost.many))
        lines.append(
            f"| {cost.policy} | {few:.2f} | {many:.2f} | {cost.ratio:.2f} | {'yes' if cost.allows else 'no'} |"
        )
    return "\n".join(lines)


def main() -> int:
    """Print the table; 1 where a policy that allows it costs more than twice as much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = [kind for kind in kinds() if pools(build(kind))]
    parser.add_argument("--policies", nargs="+", default=every, choices=sorted(kinds()), metavar="POLICY")
    parser.add_argument("--pages", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    costs = []
    for policy in options.policies:
        costs.append(measure(policy, options.pages, options.rounds))
        print(table(costs[-1:], options.pages).splitlines()[-1], file=sys.stderr, flush=True)
    print(table(costs, options.pages))
    return int(any(cost.allows and cost.ratio > MOST for cost in costs))


if __name__ == "__main__":
    sys.exit(main())
