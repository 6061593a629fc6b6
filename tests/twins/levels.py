"""The twin of the levels that spare a tailed policy most of its draws."""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from twins.streams import of_arm, of_pull, unit


class Levels:
    """Which arms of a tailed policy need not be drawn; chances are evaluated anew at every decision."""

    def __init__(self, arms: int) -> None:
        self.level = [-math.inf] * arms  # −inf for none
        self.vain = [0] * arms
        self.mean, self.variance, self.weight = 0.0, 0.0, 1.0

    def scores(self, rule: Any, x: Any, y: Any, params: Any, state: Any, key: int) -> dict[int, float]:
        """Of the arms that have to be drawn, in the order of drawing."""
        keys = [of_arm(key, a) for a in range(len(x))]
        chance = [self.chance(rule, a, x[a], y[a], params) for a in range(len(x))]
        passed = [a for a in range(len(x)) if unit(keys[a]) < chance[a]]
        made = {}
        for a in passed:
            if chance[a] <= 0.25:
                made[a] = rule.draw_above(x[a], y[a], self.level[a], params, np.uint64(of_pull(keys[a], 0)))
            else:
                made[a] = next(self.attempts(rule, a, x[a], y[a], params, state, keys[a], True))
        for a in range(len(x)):
            if a not in passed and self.level[a] >= max(made.values(), default=-math.inf):
                made[a] = next(self.attempts(rule, a, x[a], y[a], params, state, keys[a], False))
        return made

    def chance(self, rule: Any, a: int, x: float, y: float, params: Any) -> float:
        chance = rule.tail(x, y, self.level[a], params)[0] if self.level[a] > -math.inf else 2.0
        if chance > 0.75:
            self.level[a] = -math.inf
        return 2.0 if chance > 0.75 else chance

    def attempts(
        self, rule: Any, a: int, x: float, y: float, params: Any, state: Any, key: int, above: bool
    ) -> Iterator[float]:
        for attempt in itertools.count():
            score = rule.score(x, y, state, params, np.uint64(of_pull(key, attempt)))
            if (score > self.level[a]) == above:
                yield score

    def learn(self, scores: dict[int, float], chosen: int) -> None:
        gap = scores[chosen] - self.mean
        self.mean += self.weight * gap
        self.variance = (1.0 - self.weight) * (self.variance + self.weight * gap * gap)
        self.weight = max(1.0 / 16.0, self.weight / (1.0 + self.weight))
        for a in scores:
            self.vain[a] += a != chosen
            if self.vain[a] >= 12:
                self.vain[a] = 0
                spread = math.sqrt(self.variance)
                level = self.mean - 2.4 * spread
                if abs(level - self.level[a]) > 0.5 * spread:
                    self.level[a] = level
