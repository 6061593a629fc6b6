"""Policies that use everything a rule may use, with coarse scores so that ties are common."""

import math
from dataclasses import dataclass
from typing import ClassVar

from policies.base import Memory, Policy, Rule, parameter
from policies.maths.draws import uniform


def _summarise(n, s, ipw_successes, true_mean, params):
    return math.floor(params[0] * (s + 0.25 * ipw_successes + 1.0) / (n + 2.0)), 1.0 / math.sqrt(n + 1.0)


def _prepare(t, n, x, y, params, state, key):
    state[0] = 0.5 * state[0] + n[0] + uniform(key)
    state[1] = math.floor(params[1] * t)


def _score(x, y, state, params, key):
    return x + params[2] * y * uniform(key) + math.floor(state[1] * y) + 0.1 * math.floor(state[0])


def _weight(x, y, state, params):
    return 1.0 + y


def _support(x, y, state, params):
    return -math.inf, math.inf


@dataclass(frozen=True, kw_only=True)
class Everything(Policy):
    spread: float = parameter(0.0, "share of randomness in scores")
    discount: float = parameter(1.0, "memory")
    window: int = parameter(0, "memory")

    kind: ClassVar[str] = "everything"
    rule: ClassVar[Rule] = Rule(summarise=_summarise, prepare=_prepare, score=_score, support=_support, weight=_weight)
    state_size: ClassVar[int] = 2
    deterministic: ClassVar[bool] = True

    def parameters(self):
        return 5.0, 0.03, self.spread

    @property
    def memory(self):
        return Memory(discount=self.discount, window=self.window)


@dataclass(frozen=True, kw_only=True)
class EverythingWeighted(Everything):
    weighted: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class EverythingAtOnce(Everything):
    batch: ClassVar[int] = 1
