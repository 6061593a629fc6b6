"""What a `tail_evaluable` rule must satisfy: a part of `policies.conformance`."""

import math
from collections.abc import Iterator

import numpy as np

from policies.base import RARE, SCORE_ERROR, Params, Rule
from policies.conformance.statistics import Floats
from policies.maths.draws import pull_key

_KEY = np.uint64(0x123456789ABCDEF1)
_DRAWS = 400
_DEVIATIONS = 6.0  # of a frequency from its chance: a false alarm in 2e-9


def tail_problems(
    rule: Rule, a: float, b: float, to_a: float, to_b: float, state: Floats, params: Params
) -> Iterator[str]:
    """Of an arm (a, b) that one more trial makes (to_a, to_b), at three thresholds among its own scores."""
    keys = [pull_key(_KEY, draw) for draw in range(_DRAWS)]
    scores = np.sort([rule.score(a, b, state, params, key) for key in keys])
    if any(rule.score(a, b, state + 1.0, params, key) != rule.score(a, b, state, params, key) for key in keys[:5]):
        yield "it says tail_evaluable, but the score depends on state"
    for threshold in scores[[_DRAWS // 2, -_DRAWS // 5, -_DRAWS // 20]].tolist():
        chance, slope = rule.tail(a, b, threshold, params)
        if not chance >= 0.0:
            yield "a chance is negative or NaN"
        if chance > 1.0:
            continue
        passed = float((scores > threshold).mean())
        if abs(passed - chance) > _DEVIATIONS * math.sqrt(chance * (1.0 - chance) / _DRAWS) + 1.0 / _DRAWS:
            yield "scores exceed a threshold more or less often than tail says"
        if chance <= RARE and not all(rule.draw_above(a, b, threshold, params, key) >= threshold for key in keys[:10]):
            yield "draw_above draws scores that do not exceed the threshold"
        after, _, error = rule.update_tail(a, b, to_a, to_b, threshold, chance, slope, SCORE_ERROR, params)
        evaluated = rule.tail(to_a, to_b, threshold, params)[0]
        if after <= 1.0 and not abs(after - evaluated) <= error * evaluated:
            yield "update_tail and tail disagree"
