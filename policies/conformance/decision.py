"""One decision of a policy outside a world, by plain Python or compiled."""

import dataclasses
from collections.abc import Callable
from types import FunctionType

import numpy as np

from policies.base import Key, Params, Policy
from policies.conformance.statistics import Floats, Statistics
from policies.maths.draws import arm_key
from policies.unbound import unbound

Evaluate = Callable[..., Floats]
"""`evaluate`, compiled for a policy or not."""
ROLES = ("summarise", "prepare", "score", "support", "weight")


# `specialise`, or `_plain`, puts a policy's own functions in their place.
summarise, prepare, score, support, weight = map(unbound, ROLES)


def evaluate(
    t: float,
    n: Floats,
    s: Floats,
    ipw_successes: Floats,
    true_mean: Floats,
    params: Params,
    state: Floats,
    key: Key,
    a: Floats,
    b: Floats,
) -> Floats:
    """One decision: fills a and b, moves state, and returns rows (score, low, high, weight) of shape (arms, 4)."""
    out = np.empty((len(n), 4))
    for arm in range(len(n)):
        a[arm], b[arm] = summarise(n[arm], s[arm], ipw_successes[arm], true_mean[arm], params)
    prepare(t, n, a, b, params, state, key)
    for arm in range(len(n)):
        out[arm, 0] = score(a[arm], b[arm], state, params, arm_key(key, arm))
        low, high = support(a[arm], b[arm], state, params)
        out[arm, 1], out[arm, 2] = low, high
        out[arm, 3] = weight(a[arm], b[arm], state, params)
    return out


def _plain(policy: Policy) -> FunctionType:
    roles = {name: getattr(policy.rule, name) for name in ROLES}
    return FunctionType(evaluate.__code__, {**evaluate.__globals__, **roles})


@dataclasses.dataclass(frozen=True)
class Decision:
    """Everything that one call of `evaluate` produced."""

    out: Floats
    a: Floats
    b: Floats
    state: Floats

    def same(self, other: "Decision") -> bool:
        """Equal bit for bit."""
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return all(a.tobytes() == b.tobytes() for a, b in pairs)


def decide(
    policy: Policy, seen: Statistics, key: np.uint64, run: Evaluate | None = None, state: Floats | None = None
) -> Decision:
    """One decision of a policy on these statistics, by plain Python unless `run` is a compiled `evaluate`."""
    a, b = np.empty(len(seen.n)), np.empty(len(seen.n))
    moved = np.zeros(policy.state_size) if state is None else state.copy()
    with np.errstate(all="ignore"):
        out = (run or _plain(policy))(
            seen.t, seen.n, seen.s, seen.ipw_successes, seen.true_mean, policy.parameters(), moved, key, a, b
        )
    return Decision(out, a, b, moved)
