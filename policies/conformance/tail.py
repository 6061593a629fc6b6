"""What a `tailed` rule must satisfy: a part of `policies.conformance`."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from policies.base import RARE, SCORE_ERROR, Rule
from policies.maths.draws import pull_key

_KEY = np.uint64(0x123456789ABCDEF1)
_DRAWS = 400
_DEVIATIONS = 6.0  # of a frequency from its chance: a false alarm in 2e-9


def tail_problems(rule: Rule, x: float, y: float, to_x: float, to_y: float, state: Any, params: Any) -> Iterator[str]:
    """Of an arm (x, y) that one more trial makes (to_x, to_y), at three levels among its own scores."""
    keys = [pull_key(_KEY, draw) for draw in range(_DRAWS)]
    scores = np.sort([rule.score(x, y, state, params, key) for key in keys])
    if any(rule.score(x, y, state + 1.0, params, key) != rule.score(x, y, state, params, key) for key in keys[:5]):
        yield "it says tailed, but the score depends on state"
    for level in scores[[_DRAWS // 2, -_DRAWS // 5, -_DRAWS // 20]].tolist():
        chance, pace = rule.tail(x, y, level, params)
        if not chance >= 0.0:
            yield "a chance is negative or NaN"
        if chance > 1.0:
            continue
        passed = float((scores > level).mean())
        if abs(passed - chance) > _DEVIATIONS * math.sqrt(chance * (1.0 - chance) / _DRAWS) + 1.0 / _DRAWS:
            yield "scores pass a level more or less often than tail says"
        if chance <= RARE and not all(rule.above(x, y, level, params, key) >= level for key in keys[:10]):
            yield "above draws scores that do not pass the level"
        after, _, doubt = rule.follow(x, y, to_x, to_y, level, chance, pace, SCORE_ERROR, params)
        evaluated = rule.tail(to_x, to_y, level, params)[0]
        if after <= 1.0 and not abs(after - evaluated) <= doubt * evaluated:
            yield "follow leads elsewhere than tail"
