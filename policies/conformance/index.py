"""What a policy with a `concave_index` must satisfy: a part of `policies.conformance`."""

import dataclasses
from collections.abc import Iterator

import numpy as np

from policies.base import PROGRESS, SCORE_ERROR, Policy
from policies.conformance.decision import decide
from policies.conformance.statistics import edge_statistics

_KEY = np.uint64(0)
_PASSING = (1e-3, 0.5, 20.0, 1e6)  # trials, as shares of those so far


def index_problems(policy: Policy) -> Iterator[str]:
    """Whether earlier scores bound later ones from both sides, while trials pass and nothing is learned."""
    if not policy.deterministic:
        yield "it says concave_index, but not deterministic"
    params = policy.parameters()
    for seen in edge_statistics():
        early = decide(policy, seen, _KEY)
        for passed in _PASSING:
            late = decide(policy, dataclasses.replace(seen, t=seen.t * (1.0 + passed) + passed), _KEY)
            wait = late.state[PROGRESS] - early.state[PROGRESS]
            if not wait >= 0.0:
                yield "it says concave_index, but state[PROGRESS] falls"
            for a, b, now, then in zip(early.a, early.b, early.out[:, 0], late.out[:, 0], strict=True):
                with np.errstate(all="ignore"):
                    rise = policy.rule.max_slope(a, b, now, early.state, params)
                if not rise >= 0.0:
                    yield "a slope is negative or NaN"
                elif then < now - SCORE_ERROR or (wait > 0.0 and then > now + rise * wait + SCORE_ERROR):
                    yield "it says concave_index, but a score leaves the bounds that an earlier one sets"
