"""Coverage of intervals on logs that Thompson sampling collected, as in the second table of docs/evaluation.md.

Two arms with rewards 0 and 1; Thompson sampling with normal posteriors, clipped at 0.1, learns after each of 25 batches
of 40 decisions. Run `python tests/statistical/test_adaptive_coverage.py 4000` for the table.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import binom

from sim.evaluation import intervals
from sim.evaluation.adaptive import Weighting, arm_mean, batched_difference
from sim.evaluation.estimators import Floats, Sample, Terms
from sim.evaluation.intervals import Interval
from twins.plain_difference import plain_difference

BATCHES, BATCH, CLIP = 25, 40, 0.1
ROWS = BATCHES * BATCH
FIRST_LOOK = 5  # batches
WEIGHTINGS: tuple[Weighting, ...] = ("uniform", "stable", "two_point")
FALSE_ALARM = 1e-4
Z = float(ndtri(0.975))


@dataclass(frozen=True, eq=False)
class Logs:
    """Many logs; arrays (logs, rows), `propensity` that of arm 1."""

    second: NDArray[np.bool_]
    reward: Floats
    propensity: Floats
    rates: tuple[float, float]

    def batch_means(self) -> tuple[Floats, Floats]:
        """(counts, means) of both arms by batch, (logs, batches, 2)."""
        shape = len(self.second), BATCHES, BATCH
        chosen = np.stack([~self.second, self.second], axis=-1).reshape(*shape, 2)
        sums = (chosen * self.reward.reshape(*shape, 1)).sum(axis=2)
        counts = chosen.sum(axis=2).astype(np.float64)
        return counts, np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)


def collected(logs: int, rates: tuple[float, float], seed: int) -> Logs:
    generator = np.random.default_rng(seed)
    second = np.zeros((logs, ROWS), np.bool_)
    reward, propensity = np.zeros((logs, ROWS)), np.zeros((logs, ROWS))
    count, total = np.ones((logs, 2)), np.full((logs, 2), 0.5)
    for batch in range(BATCHES):
        rows = slice(batch * BATCH, (batch + 1) * BATCH)
        mean = total / count
        gap = (mean[:, 1] - mean[:, 0]) / np.sqrt((mean * (1.0 - mean) / count).sum(axis=1) + 1e-9)
        share = np.clip(ndtr(gap), CLIP, 1.0 - CLIP)
        now = generator.random((logs, BATCH)) < share[:, None]
        got = generator.random((logs, BATCH)) < np.where(now, rates[1], rates[0])
        second[:, rows], reward[:, rows], propensity[:, rows] = now, got, share[:, None]
        for arm, chosen in enumerate((~now, now)):
            count[:, arm] += chosen.sum(axis=1)
            total[:, arm] += (chosen & got).sum(axis=1)
    return Logs(second, reward, propensity, rates)


def held(logs: Logs) -> Counter[str]:
    """How many intervals of each method hold the truth: of the mean of arm 1, and of the difference of the arms."""
    found: Counter[str] = Counter()
    for name, holds in _differences(logs).items():
        found[name] += int(holds.sum())
    for number in range(len(logs.second)):
        found.update(name for name, holds in _of_arm(logs, number) if holds)
    return found


def _differences(logs: Logs) -> dict[str, NDArray[np.bool_]]:
    truth = logs.rates[1] - logs.rates[0]
    pooled = np.sqrt(logs.reward.mean(axis=1) * (1.0 - logs.reward.mean(axis=1)))
    counts, means = logs.batch_means()
    both = {"plain": plain_difference, "batched": batched_difference}
    differences = {name: function(counts, means, pooled) for name, function in both.items()}
    return {f"difference, {name} OLS": abs(each.value - truth) <= Z * each.error for name, each in differences.items()}


def _of_arm(logs: Logs, number: int) -> Iterator[tuple[str, bool]]:
    chosen, reward, propensity = logs.second[number], logs.reward[number], logs.propensity[number]
    truth = logs.rates[1]

    def holds(interval: Interval) -> bool:
        return interval.low <= truth <= interval.high

    yield "arm, plain mean", holds(intervals.normal(Terms(reward[chosen])))
    for weighting in WEIGHTINGS:
        yield f"arm, AIPW, {weighting}", holds(intervals.normal(arm_mean(chosen, reward, propensity, weighting)))
    sample = Sample(reward, chosen / propensity)
    yield "arm, anytime sequence, at every row", holds(intervals.anytime(sample, (0.0, 1.0)))
    looks = [arm_mean(*(each[:rows] for each in (chosen, reward, propensity)), "stable")
             for rows in range(FIRST_LOOK * BATCH, ROWS + 1, BATCH)]  # fmt: skip
    for name, interval in (("normal", intervals.normal), ("sequence", intervals.asymptotic_sequence)):
        yield f"arm, AIPW, stable, {name} at every batch", all(holds(interval(terms)) for terms in looks)


RATES = {"equal arms": (0.3, 0.3), "arm 1 better": (0.3, 0.4), "arm 1 worse": (0.4, 0.3)}
VALID = ("difference, batched OLS", *(f"arm, AIPW, {weighting}" for weighting in WEIGHTINGS))
SEQUENCES = ("arm, anytime sequence, at every row", "arm, AIPW, stable, sequence at every batch")


def test_batched_least_squares_and_sequences_hold_where_plain_intervals_do_not() -> None:
    logs = 150
    found = held(collected(logs, RATES["equal arms"], 1))
    for name in (*VALID, *SEQUENCES):
        assert binom.cdf(found[name], logs, 0.92) > FALSE_ALARM, (name, found)
    assert binom.cdf(found["arm, AIPW, stable, normal at every batch"], logs, 0.92) < FALSE_ALARM


@pytest.mark.long
@pytest.mark.parametrize("case", RATES)
def test_coverage_in_many_adaptive_logs(case: str) -> None:
    logs = 4_000
    found = held(collected(logs, RATES[case], 2))
    for name in VALID:
        assert 0.93 <= found[name] / logs <= 0.97, (name, found)
    for name in SEQUENCES:
        assert found[name] / logs >= 0.95, (name, found)


def table(logs: int) -> str:
    found = {case: held(collected(logs, rates, 2)) for case, rates in RATES.items()}
    names = sorted({name for counts in found.values() for name in counts})
    lines = [" | ".join(["| interval", *found, ""]), "|---" * (len(found) + 1) + "|"]
    for name in names:
        lines.append(" | ".join([f"| {name}", *(f"{100 * found[case][name] / logs:.1f} %" for case in found), ""]))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(table(int(sys.argv[1])) + "\n")
