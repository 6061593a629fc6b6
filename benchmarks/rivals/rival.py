"""What a rival is, and how one that takes a pull at a time plays."""

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class Problem:
    """Bernoulli arms, a horizon, and the policy that pulls."""

    policy: str
    means: Sequence[float]
    pulls: int
    seed: int


@dataclass
class Outcome:
    """Seconds of the pulls alone, and the pseudo-regret of every replication."""

    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    regrets: list[float] = field(default_factory=list)

    def __enter__(self) -> None:
        """Start both clocks."""
        self._started = time.process_time(), time.perf_counter()

    def __exit__(self, *_: object) -> None:
        """Stop both clocks."""
        self.cpu_seconds += time.process_time() - self._started[0]
        self.wall_seconds += time.perf_counter() - self._started[1]


class Rival:
    """A program that plays one replication after another; one object is one replication.

    `install` and `install_alone` are what pip gets, the latter without its dependencies; `other_rules` says, for a
    policy that the rival has under the same name, why it is another rule; `refresh_every` is how many pulls it makes
    before it learns; `is_package` is false for what one writes without any package.
    """

    name: ClassVar[str]
    install: ClassVar[tuple[str, ...]] = ()
    install_alone: ClassVar[tuple[str, ...]] = ()
    policies: ClassVar[tuple[str, ...]]
    other_rules: ClassVar[dict[str, str]] = {}
    refresh_every: ClassVar[int] = 1
    is_package: ClassVar[bool] = True

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        raise NotImplementedError

    def choose(self) -> int:
        """The arm to pull."""
        raise NotImplementedError

    def learn(self, arm: int, reward: int) -> None:
        """The reward, 0 or 1, of the arm pulled."""
        raise NotImplementedError

    @classmethod
    def replications(cls, problem: Problem, seconds: float) -> int:
        """How many fit into `seconds` of CPU, 3 to 100, judged by a replication of at most 500 pulls."""
        short = Problem(problem.policy, problem.means, min(problem.pulls, 500), problem.seed)
        cls.play(short, 1)  # whatever is compiled or loaded on first use
        pace = cls.play(short, 1).cpu_seconds / short.pulls
        return max(3, min(100, int(seconds / (pace * problem.pulls))))

    @classmethod
    def play(cls, problem: Problem, replications: int) -> Outcome:
        """One call a choice and one a reward."""
        outcome = Outcome()
        for player, means, luck in cls.tables(problem, replications):
            regret, best = 0.0, max(means)
            with outcome:
                for _ in range(problem.pulls):
                    arm = player.choose()
                    player.learn(arm, int(luck.random() < means[arm]))
                    regret += best - means[arm]
            outcome.regrets.append(regret)
        return outcome

    @classmethod
    def tables(cls, problem: Problem, replications: int) -> Iterator[tuple["Rival", list[float], random.Random]]:
        """A fresh player, arms and luck a replication.

        Arms come in a new order each time, so that rivals which break ties by position gain or lose nothing by it.
        """
        for number in range(replications):
            luck = random.Random(f"{problem.seed}:{number}")
            means = luck.sample(list(problem.means), len(problem.means))
            yield cls(problem.policy, len(means), luck.getrandbits(31)), means, luck
