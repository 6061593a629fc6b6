"""Plain Python: the deployed rule, which no package has, as one would write it down."""

import math
import random

from .rival import Rival


class PlainPython(Rival):
    """A loop over the arms and `random`."""

    name = "plain Python"
    policies = ("wilson_sample",)
    is_package = False

    def __init__(self, policy: str, arms: int, seed: int) -> None:
        self.wins, self.losses, self.random = [1] * arms, [1] * arms, random.Random(seed).random

    def score(self, arm: int) -> float:
        """A uniform draw from the Wilson interval."""
        n = self.wins[arm] + self.losses[arm]
        p, z2 = self.wins[arm] / n, 1.96 * 1.96
        centre = (p + z2 / (2 * n)) / (1 + z2 / n)
        half = 1.96 * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
        return min(1.0, max(0.0, centre - half + 2 * half * self.random()))

    def choose(self) -> int:
        """The arm to pull."""
        return max(range(len(self.wins)), key=self.score)

    def learn(self, arm: int, reward: int) -> None:
        """The reward, 0 or 1, of the arm pulled."""
        (self.wins if reward else self.losses)[arm] += 1
