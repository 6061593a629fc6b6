"""What a policy that `pools_cold` must satisfy: a part of `policies.conformance`."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from policies.base import SCORE_ERROR, Policy
from policies.maths.draws import pull_key

_KEY = np.uint64(0x2545F4914F6CDD1D)
_DRAWS, _ARMS = 400, 3
_LEVELS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
_APART = 0.161  # Kolmogorov's distance that 400 draws exceed once in 5e8 times (Massart 1990)


def pool_problems(policy: Policy, params: Any) -> Iterator[str]:
    """Of arms without feedback, before and after a thousand trials of others."""
    rule = policy.rule
    x, y = rule.derive(0.0, 0.0, 0.0, 0.1, params)
    if (x, y) != rule.derive(0.0, 0.0, 0.0, 0.9, params):
        yield "it says pools_cold, but derive looks at the truth"
    for trials in (0.0, 1_000.0):
        state = _prepared(policy, trials, np.zeros(_ARMS), np.full(_ARMS, x), np.full(_ARMS, y), params)
        unseen = np.full(_ARMS, math.nan)
        if state.tobytes() != _prepared(policy, trials, unseen, unseen, unseen, params).tobytes():
            yield "it says pools_cold, but prepare looks at the arms"
        if not policy.deterministic:
            yield from _law_problems(policy, x, y, state, params)


def _prepared(policy: Policy, trials: float, n: Any, x: Any, y: Any, params: Any) -> Any:
    state = np.zeros(policy.state_size)
    policy.rule.prepare(trials, n, x, y, params, state, _KEY)
    return state


def _law_problems(policy: Policy, x: float, y: float, state: Any, params: Any) -> Iterator[str]:
    rule = policy.rule
    scores = np.array([rule.score(x, y, state, params, pull_key(_KEY, draw)) for draw in range(_DRAWS)])
    levels = np.array([rule.quantile(x, y, state, params, u) for u in _LEVELS])
    if not (levels[1:] >= levels[:-1]).all():
        yield "quantile does not rise with u"
    for u, level in zip(_LEVELS, levels, strict=True):
        below, not_above = (scores < level - SCORE_ERROR).mean(), (scores <= level + SCORE_ERROR).mean()
        if not below - _APART < u < not_above + _APART:
            yield "quantile does not have the law of score"
