"""Time and check this simulator against other packages on the same problem: `python -m benchmarks.peers`.

Each rival is installed from PyPI into an environment of its own (kept in `--environments`, so that a second run starts
at once). Ours and the rivals take turns, round after round; a figure is the median of the rounds, in CPU time. Mean
regrets must agree within a 99.99 % interval of their difference. Exit code 1 where one does not.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIDENCE = 0.9999
MEANS = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]  # those of scenarios/textbook.yaml
OURS = "this package"
ALL = ("wilson_sample", "thompson_beta", "ucb1", "kl_ucb", "epsilon_greedy")


@dataclass(frozen=True)
class Rival:
    """Another way to run the problem: what to install, what it offers, and how many replications are enough."""

    name: str
    packages: tuple[str, ...]
    policies: tuple[str, ...]
    replications: int


RIVALS = (
    Rival("river", ("river==0.26.1",), ("thompson_beta", "ucb1", "epsilon_greedy"), 40),
    Rival("MABWiser", ("mabwiser==2.7.4",), ("thompson_beta", "ucb1", "epsilon_greedy"), 10),
    # Its newest release is of 2020 and needs libraries of its time.
    Rival(
        "SMPyBandits",
        ("SMPyBandits==0.9.7", "numba", "numpy<2", "scipy<1.12", "scikit-learn<1.5", "pandas<2.3", "matplotlib<3.9"),
        ("thompson_beta", "ucb1", "kl_ucb"),
        20,
    ),
    Rival("plain Python", (), ("wilson_sample",), 40),
    Rival("plain NumPy", ("numpy==2.2.6",), ALL, 400),
)


@dataclass
class Sample:
    """What one program did with one policy over all rounds."""

    nanoseconds: list[float] = field(default_factory=list)
    regrets: list[float] = field(default_factory=list)

    def add(self, seconds: float, regrets: list[float], pulls: int) -> None:
        """One round."""
        self.nanoseconds.append(1e9 * seconds / (pulls * len(regrets)))
        self.regrets += regrets


def main() -> int:
    """Measure, print the table, say whether all agree."""
    options = _options()
    pythons = dict(_environments(options.environments))
    rows = []
    for policy in options.policies:
        samples = _measure(policy, pythons, options)
        rows += _rows(policy, samples)
        print(f"{policy}: done", file=sys.stderr)
    print(table(rows))
    return 0 if all(row["agree"] for row in rows) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pulls", type=int, default=2_000, help="pulls a replication, for everyone")
    parser.add_argument("--replications", type=int, default=2_000, help="ours; rivals do enough for an interval")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--policies", nargs="+", choices=ALL, default=ALL)
    kept = Path(tempfile.gettempdir()) / "caption-bandit-rivals"
    parser.add_argument("--environments", type=Path, default=kept, help="where the rivals are installed")
    return parser.parse_args()


def _environments(folder: Path) -> Iterator[tuple[str, Path]]:
    """The Python of every rival that installs; those that do not are named and left out."""
    for rival in RIVALS:
        home = folder / "-".join([*rival.packages, rival.name.replace(" ", "-"), "{}.{}".format(*sys.version_info)])
        python = home / "bin" / "python"
        if not (home / "complete").exists():
            venv.create(home, with_pip=bool(rival.packages), clear=True)
            command = [str(python), "-m", "pip", "install", "--quiet", *rival.packages]
            if rival.packages and subprocess.run(command, check=False).returncode:
                print(f"{rival.name} does not install here: left out", file=sys.stderr)
                continue
            (home / "complete").touch()
        yield rival.name, python


def _measure(policy: str, pythons: dict[str, Path], options: argparse.Namespace) -> dict[str, Sample]:
    """Ours, a rival, ours, the next …, round after round, every round with another seed."""
    players = [rival for rival in RIVALS if policy in rival.policies and rival.name in pythons]
    samples = {name: Sample() for name in (OURS, *(rival.name for rival in players))}
    play_ours(policy, options.pulls, 2, seed=1)  # compiles
    for turn in range(1, options.rounds + 1):
        for place, rival in enumerate(players, start=1):
            seed = 100 * turn + place
            ours = play_ours(policy, options.pulls, options.replications, seed)
            samples[OURS].add(*ours, options.pulls)
            theirs = play_rival(rival, pythons[rival.name], policy, options.pulls, seed)
            samples[rival.name].add(*theirs, options.pulls)
    return samples


def play_ours(policy: str, pulls: int, replications: int, seed: int) -> tuple[float, list[float]]:
    """CPU seconds and regrets of `sim.engine.simulate`, everything included but the compilation."""
    from sim.engine import simulate
    from sim.scenario import load

    scenario = load(
        {
            "version": 1,
            "name": "peers",
            "seed": seed,
            "replications": replications,
            "horizon": {"pulls": pulls},
            "world": {"kind": "bernoulli", "means": MEANS},
            "policies": [policy],
            "record": {"stats": "none"},
        }
    )
    start = time.process_time()
    block = simulate(scenario, scenario.policies[0], range(replications))
    return time.process_time() - start, block.totals.regret.tolist()


def play_rival(rival: Rival, python: Path, policy: str, pulls: int, seed: int) -> tuple[float, list[float]]:
    """The same of a rival, in its own process, on one thread."""
    script = Path(__file__).with_name("rivals.py")
    words = [rival.name, policy, json.dumps(MEANS), str(pulls), str(rival.replications), str(seed)]
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    alone = {**os.environ, **dict.fromkeys(threads, "1")}
    done = subprocess.run([python, script, *words], capture_output=True, text=True, env=alone, check=False)
    if done.returncode:
        raise SystemExit(f"{rival.name} failed:\n{done.stderr}")
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer["seconds"], answer["regrets"]


def _rows(policy: str, samples: dict[str, Sample]) -> list[dict[str, Any]]:
    ours = samples[OURS]
    return [_row(policy, name, ours, theirs) for name, theirs in samples.items() if name != OURS]


def _row(policy: str, name: str, ours: Sample, theirs: Sample) -> dict[str, Any]:
    from scipy import stats

    fast, slow = statistics.median(ours.nanoseconds), statistics.median(theirs.nanoseconds)
    low, high = stats.ttest_ind(ours.regrets, theirs.regrets, equal_var=False).confidence_interval(CONFIDENCE)
    return {
        "policy": policy,
        "rival": name,
        "ours ns": fast,
        "rival ns": slow,
        "ratio": slow / fast,
        "ours regret": statistics.fmean(ours.regrets),
        "rival regret": statistics.fmean(theirs.regrets),
        "low": low,
        "high": high,
        "agree": low <= 0.0 <= high,
    }


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown."""
    lines = [
        "| policy | rival | ours, ns a pull | rival, ns a pull | ratio | our regret | its regret | agree |",
        "|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for row in rows:
        speeds = f"{row['ours ns']:.0f} | {row['rival ns']:,.0f} | {row['ratio']:,.0f} ×"
        agree = f"{'yes' if row['agree'] else 'NO'} ({row['low']:+.1f} … {row['high']:+.1f})"
        regrets = f"{row['ours regret']:.1f} | {row['rival regret']:.1f} | {agree}"
        lines.append(f"| {row['policy']} | {row['rival']} | {speeds} | {regrets} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
