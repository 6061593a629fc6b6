"""Ours, a rival, ours, the next …: every turn on the same problem, every round with another seed."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.peers.environments import last_words
from benchmarks.rivals.registry import key
from benchmarks.rivals.rival import Outcome, Problem, Rival

TEXTBOOK = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]  # those of scenarios/textbook.yaml
LONGEST_TURN_SECONDS = 900


def means(arms: int) -> list[float]:
    """Those of the textbook scenario where they are ten, otherwise evenly spaced from 0.1 to 0.9."""
    return TEXTBOOK if arms == len(TEXTBOOK) else [0.1 + 0.8 * arm / (arms - 1) for arm in range(arms)]


@dataclass(frozen=True)
class Work:
    """One policy on one problem; `replications` are ours in one turn."""

    policy: str
    arms: int
    pulls: int
    replications: int

    def problem(self, seed: int) -> Problem:
        """What a rival gets."""
        return Problem(self.policy, means(self.arms), self.pulls, seed)


@dataclass
class Sample:
    """Nanoseconds a pull of every turn, and the regret of every replication."""

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    regrets: list[float] = field(default_factory=list)

    def add(self, outcome: Outcome, pulls: int) -> None:
        """One turn."""
        share = 1e9 / (pulls * len(outcome.regrets))
        self.cpu.append(share * outcome.cpu_seconds)
        self.wall.append(share * outcome.wall_seconds)
        self.regrets += outcome.regrets

    @property
    def cpu_ns(self) -> float:
        """The median of the turns."""
        return statistics.median(self.cpu)

    @property
    def wall_ns(self) -> float:
        """The median of the turns."""
        return statistics.median(self.wall)


@dataclass
class Match:
    """Ours against one rival, over all rounds; `failure` is the rival's last words where it broke down."""

    rival: type[Rival]
    ours: Sample = field(default_factory=Sample)
    theirs: Sample = field(default_factory=Sample)
    failure: str = ""


def measure(work: Work, pythons: Mapping[type[Rival], Path], rounds: int, seconds: float) -> list[Match]:
    """All rivals that offer the policy; one that fails is reported once and sits out the other rounds.

    Our turn before each rival's plays under the rival's own `refresh_every`. All our turns of the same kind count for
    our regret, which the rivals' are compared with.
    """
    matches = [Match(rival) for rival in pythons if work.policy in rival.policies]
    for refresh in {match.rival.refresh_every for match in matches}:
        play_ours(Work(work.policy, work.arms, work.pulls, 2), refresh, seed=1)  # compiles
    for number in range(1, rounds + 1):
        for place, match in enumerate(matches, start=1):
            if not match.failure:
                _turn(work, match, pythons[match.rival], 100 * number + place, seconds)
    _share_regrets(matches)
    return matches


def _share_regrets(matches: list[Match]) -> None:
    together: dict[int, list[float]] = {}
    for match in matches:
        together.setdefault(match.rival.refresh_every, []).extend(match.ours.regrets)
    for match in matches:
        match.ours.regrets = together[match.rival.refresh_every]


def _turn(work: Work, match: Match, python: Path, seed: int, seconds: float) -> None:
    match.ours.add(play_ours(work, match.rival.refresh_every, seed), work.pulls)
    try:
        match.theirs.add(play_rival(match.rival, python, work.problem(seed), seconds), work.pulls)
    except RivalError as error:
        match.failure = str(error)
        print(f"{match.rival.name} failed on {work.policy}, {work.arms} arms: {error}", file=sys.stderr)


def play_ours(work: Work, refresh_every: int, seed: int) -> Outcome:
    """Seconds and regrets of `sim.worlds.engine.simulate`, everything included but the compilation."""
    from sim.scenario import load
    from sim.worlds.engine import simulate

    scenario = load(
        {
            "version": 1,
            "name": "peers",
            "seed": seed,
            "replications": work.replications,
            "horizon": {"pulls": work.pulls},
            "world": {"kind": "bernoulli", "means": means(work.arms)},
            "feedback": {"refresh_every": refresh_every},
            "policies": [work.policy],
            "record": {"stats": "none"},
        }
    )
    cpu, wall = time.process_time(), time.perf_counter()
    block = simulate(scenario, scenario.policies[0], range(work.replications))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Outcome(cpu, wall, block.totals.regret.tolist())


class RivalError(Exception):
    """What a rival said last."""


def play_rival(rival: type[Rival], python: Path, problem: Problem, seconds: float) -> Outcome:
    """The same of a rival, in a process of its own, on one thread; RivalError where it does not answer."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    alone = {**os.environ, **dict.fromkeys(threads, "1"), "PYTHONPATH": ""}
    command = [str(python), "-m", "rivals", key(rival), json.dumps(asdict(problem)), str(seconds)]
    folder = Path(__file__).parents[1]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=alone,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_TURN_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise RivalError(f"no answer within {LONGEST_TURN_SECONDS} s") from None
    if done.returncode:
        raise RivalError(last_words(done.stderr))
    try:
        return Outcome(**json.loads(done.stdout.splitlines()[-1]))
    except (IndexError, TypeError, ValueError):
        raise RivalError(f"no figures in its answer: {last_words(done.stdout)}") from None
