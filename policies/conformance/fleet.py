"""What a policy that `reads_fleet` or `reads_rest` must satisfy: a part of `policies.conformance`."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from policies.base import Policy

_KEY = np.uint64(0x9E3779B97F4A7C15)
_COUNTS = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (2.5, 2.5), (400.0, 3.0), (1e9, 5e8)]


def fleet_problems(policy: Policy) -> Iterator[str]:
    """Of captions at the edges: unseen here, elsewhere, everywhere; a billion trials."""
    if policy.exchangeable_untried:
        yield "it reads the fleet, but says exchangeable_untried: captions differ before the first send"
    rule, params, state = policy.rule, policy.parameters(), np.zeros(policy.state_size)
    captions = [
        (n, s, n + other_n, s + other_s, price)
        for (n, s), (other_n, other_s), price in itertools.product(_COUNTS, _COUNTS, (0.0, 14.0))
    ]
    nothing = np.zeros(0)
    for _ in range(3):
        yield from _score_problems(policy, captions, state)
        for caption in captions:
            rule.observe_fleet(*caption, state, params)
        rule.prepare(float(len(captions)), nothing, nothing, nothing, params, state, _KEY)
    if not np.isfinite(state).all():
        yield "the state is not finite after observe_fleet and prepare"
    yield from _score_problems(policy, captions, state)
    before = state.copy()
    rule.observe_fleet(0.0, 0.0, 0.0, 0.0, 14.0, state, params)
    if (state != before).any():
        yield "observe_fleet adds a caption that was sent nowhere, which engines leave out"


def _score_problems(policy: Policy, captions: Sequence[tuple[float, ...]], state: NDArray[np.float64]) -> Iterator[str]:
    rule, params = policy.rule, policy.parameters()
    for caption in captions:
        a, b = rule.summarise_fleet(*caption, state, params)
        score, (low, high) = rule.score(a, b, state, params, _KEY), rule.support(a, b, state, params)
        if not (np.isfinite(score) and low <= score <= high):
            yield "a score from the fleet's sums is not finite, or lies outside its support"


def rest_problems(policy: Policy) -> Iterator[str]:
    """Of captions that were sent just now, and long ago."""
    rule, params, state = policy.rule, policy.parameters(), np.zeros(policy.state_size)
    a, b = rule.summarise(20.0, 8.0, 8.0, 0.4, params)
    drop, half_life = policy.fatigue_assumed
    if not (0.0 <= drop <= 1.0 and half_life > 0.0):
        yield "fatigue_assumed is not a share in [0, 1] and a number of days above 0"
    for rest, left in ((0.0, 1.0 - drop), (3.5, 0.5), (1e4, 1.0)):
        score = rule.score(*rule.recover(a, b, rest, left, params), state, params, _KEY)
        if not np.isfinite(score):
            yield "a score after recover is not finite"
