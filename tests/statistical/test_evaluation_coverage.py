"""`evaluate` on simulated logs against the known truth: bias and coverage, as in docs/evaluation.md."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import sim
from sim.evaluation.evaluate import Evaluation

pytestmark = pytest.mark.slow

LOGS = 1_000
PULLS = 2_000
MEANS = [0.15, 0.2, 0.25, 0.3, 0.35]
TARGET = [0.1, 0.15, 0.2, 0.25, 0.3]
TRUTH = float(np.dot(MEANS, TARGET))
LOGGERS = ["uniform", "boltzmann", "epsilon_greedy"]
ESTIMATORS = ["ips", "snips", "dr", "sndr", "aw_aipw"]
SHORT = 40


@dataclass
class Record:
    """Values of one estimator, and how many of its intervals hold the truth."""

    values: list[float] = field(default_factory=list)
    held: dict[str, int] = field(default_factory=dict)

    def add(self, evaluation: Evaluation, name: str) -> None:
        found = evaluation.policies[0].estimate(name)
        if found is None:
            return
        self.values.append(found.value)
        for interval in found.intervals:
            self.held[interval.method] = self.held.get(interval.method, 0) + (interval.low <= TRUTH <= interval.high)

    @property
    def bias(self) -> tuple[float, float]:
        """(mean error, its standard error)."""
        errors = np.array(self.values) - TRUTH
        return float(errors.mean()), float(errors.std(ddof=1) / np.sqrt(len(errors)))

    def coverage(self, method: str) -> float:
        return self.held[method] / len(self.values)


def records(folder: Path, logger: str, logs: int) -> dict[str, Record]:
    """Each replication of a run is a log of its own."""
    scenario = {
        "name": "logs",
        "seed": 5,
        "replications": logs,
        "horizon": {"pulls": PULLS},
        "world": {"kind": "bernoulli", "means": MEANS},
        "feedback": {"refresh_every": 100},
        "policies": [{"kind": logger, "name": logger, **({"epsilon": 0.3} if logger == "epsilon_greedy" else {})}],
        "record": {"curve_points": 5, "sends": True},
    }
    run = sim.run(scenario, out=folder / logger, report=False)
    target = folder / "target.csv"
    pl.DataFrame({"action": range(1, 6), "probability": TARGET}).write_csv(target)
    found = {name: Record() for name in ESTIMATORS}
    files = sorted((folder / logger / "sends").glob("*/*.parquet"))
    assert len(files) == logs == len(run.replications)
    for file in files:
        evaluation = sim.evaluate(
            file,
            str(target),
            reward="purchased_count",
            estimators=ESTIMATORS,
            reward_limits=(0.0, 1.0),
        )
        for name, record in found.items():
            record.add(evaluation, name)
    return found


def test_estimates_from_a_few_simulated_logs_meet_the_truth(tmp_path: Path) -> None:
    found = records(tmp_path, "uniform", SHORT)
    for name in ("ips", "snips", "dr", "sndr"):
        bias, error = found[name].bias
        assert abs(bias) < 4.0 * error, name
        assert found[name].coverage("normal") >= 0.75, name  # fewer than 30 of 40 at 95 %: 1 in 10 million


@pytest.mark.long
@pytest.mark.parametrize("logger", LOGGERS)
def test_bias_and_coverage_in_many_simulated_logs(logger: str, tmp_path: Path) -> None:
    found = records(tmp_path, logger, LOGS)
    for name, record in found.items():
        if not record.values:
            continue
        bias, error = record.bias
        levels = ", ".join(f"{method} {100 * record.coverage(method):.1f} %" for method in record.held)
        print(f"{logger} | {name} | bias {1e4 * bias:+.1f}e-4 ± {1e4 * error:.1f}e-4 | {levels}")  # noqa: T201
        assert abs(bias) < 4.5 * error, name
        for method in ("normal", "bootstrap"):
            assert 0.93 <= record.coverage(method) <= 0.97, (name, method)
        for method in {"empirical_bernstein", "anytime", "asymptotic_sequence"} & set(record.held):
            assert record.coverage(method) >= 0.95, (name, method)
