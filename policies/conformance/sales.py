"""What a policy that `reads_sales` must satisfy: a part of `policies.conformance`."""

import itertools
from collections.abc import Iterator

import numpy as np

from policies.base import Policy

_KEY = np.uint64(0x9E3779B97F4A7C15)
_VIEWS, _PURCHASES, _MESSAGES, _PRICES = (0.0, 1.0, 3e3, 1e9), (0.0, 1.0, 400.0), (0.0, 1.0, 90.0), (0.0, 5.0, 35.0)


def sales_problems(policy: Policy) -> Iterator[str]:
    """Of captions at the edges: unseen, unsold, unpriced, a billion views."""
    if policy.exchangeable_untried and not _unsent_are_equal(policy):
        yield "it reads sales, but says exchangeable_untried: captions differ by price before the first send"
    if policy.weighted:
        yield "it reads sales, but says weighted: the summary of a caption is not kept until it is sent"
    rule, params, state = policy.rule, policy.parameters(), np.zeros(policy.state_size)
    captions = list(itertools.product(_VIEWS, _PURCHASES, _MESSAGES, _PRICES))
    nothing = np.zeros(0)
    for _ in range(3):
        for sales in captions:
            rule.observe_sales(*sales, state, params)
        rule.prepare(float(len(captions)), nothing, nothing, nothing, params, state, _KEY)
    if not np.isfinite(state).all():
        yield "the state is not finite after observe_sales and prepare"
    for sales in captions:
        a, b = rule.summarise_sales(*sales, state, params)
        score, (low, high) = rule.score(a, b, state, params, _KEY), rule.support(a, b, state, params)
        unseen = sales[0] == 0.0 and score == np.inf
        if not ((np.isfinite(score) or unseen) and low <= score <= high):
            yield "a score from sales is not finite, or lies outside its support"
    before = state.copy()
    for price in _PRICES:
        rule.observe_sales(0.0, 0.0, 0.0, price, state, params)
    if (state != before).any():
        yield "observe_sales adds a caption that was never sent, which engines leave out"


def _unsent_are_equal(policy: Policy) -> bool:
    """Whether a caption that was never sent has the summary of no feedback, whatever its price."""
    rule, params, state = policy.rule, policy.parameters(), np.zeros(policy.state_size)
    unsent = rule.summarise(0.0, 0.0, 0.0, np.nan, params)
    return all(rule.summarise_sales(0.0, 0.0, 0.0, price, state, params) == unsent for price in _PRICES)
