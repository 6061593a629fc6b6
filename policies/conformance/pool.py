"""What a policy that `exchangeable_untried` must satisfy: a part of `policies.conformance`."""

import math
from collections.abc import Iterator

import numpy as np

from policies.base import SCORE_ERROR, Params, Policy
from policies.conformance.statistics import Floats
from policies.maths.draws import pull_key

_KEY = np.uint64(0x2545F4914F6CDD1D)
_DRAWS, _ARMS = 400, 3
_LEVELS = (0.05, 0.2, 0.4, 0.6, 0.8, 0.95)
_APART = 0.161  # Kolmogorov's distance that 400 draws exceed once in 5e8 times (Massart 1990)


def pool_problems(policy: Policy, params: Params) -> Iterator[str]:
    """Of arms without feedback, before and after a thousand trials of others."""
    rule = policy.rule
    a, b = rule.summarise(0.0, 0.0, 0.0, 0.1, params)
    if (a, b) != rule.summarise(0.0, 0.0, 0.0, 0.9, params):
        yield "it says exchangeable_untried, but summarise looks at true_mean"
    for trials in (0.0, 1_000.0):
        state = _prepared(policy, trials, np.zeros(_ARMS), np.full(_ARMS, a), np.full(_ARMS, b), params)
        look = _tried_problems if policy.prepare_reads_tried else _unseen_problems
        yield from look(policy, trials, state, params)
        if not policy.deterministic:
            yield from _law_problems(policy, a, b, state, params)


def _unseen_problems(policy: Policy, trials: float, state: Floats, params: Params) -> Iterator[str]:
    unseen = np.full(_ARMS, math.nan)
    if state.tobytes() != _prepared(policy, trials, unseen, unseen, unseen, params).tobytes():
        yield "it says exchangeable_untried, but prepare looks at the arms"


def _tried_problems(policy: Policy, trials: float, state: Floats, params: Params) -> Iterator[str]:
    n, s = np.array([0.0, 7.0, 0.0, 40.0, 3.0]), np.array([0.0, 2.0, 0.0, 9.0, 3.0])
    a, b = np.array([policy.rule.summarise(*one, 0.0, 0.0, params) for one in zip(n, s, strict=True)]).T
    tried = n > 0.0
    whole = _prepared(policy, trials, n, a, b, params)
    if whole.tobytes() != _prepared(policy, trials, n[tried], a[tried], b[tried], params).tobytes():
        yield "it says prepare_reads_tried, but arms without feedback change the state"


def _prepared(policy: Policy, trials: float, n: Floats, a: Floats, b: Floats, params: Params) -> Floats:
    state = np.zeros(policy.state_size)
    policy.rule.prepare(trials, n, a, b, params, state, _KEY)
    return state


def _law_problems(policy: Policy, a: float, b: float, state: Floats, params: Params) -> Iterator[str]:
    rule = policy.rule
    scores = np.array([rule.score(a, b, state, params, pull_key(_KEY, draw)) for draw in range(_DRAWS)])
    levels = np.array([rule.quantile(a, b, state, params, u) for u in _LEVELS])
    if not (levels[1:] >= levels[:-1]).all():
        yield "quantile does not rise with u"
    for u, level in zip(_LEVELS, levels, strict=True):
        below, not_above = (scores < level - SCORE_ERROR).mean(), (scores <= level + SCORE_ERROR).mean()
        if not below - _APART < u < not_above + _APART:
            yield "quantile does not have the law of score"
