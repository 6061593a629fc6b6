"""What a policy would do, given counts: the exact probability that it sends each arm."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from policies.base import Policy
from sim.errors import InputError
from sim.kernels import declared, specialise
from sim.worlds.base import Floats
from sim.worlds.selection import chances
from sim.worlds.selection.entries import Arms
from sim.worlds.selection.room import new_room

PREPARE_KEY = np.uint64(1)


def has_propensities(policy: Policy, k: int = 1) -> bool:
    """Whether `propensities` knows the probabilities of this policy where k arms are sent at once."""
    rule = policy.rule
    by_arm = policy.state_independent_score or (k == 1 and rule.has_propensity)
    return policy.deterministic or rule.has_distribution or by_arm or (k == 1 and policy.weighted)


def propensities(
    policy: Policy,
    trials: ArrayLike,
    successes: ArrayLike,
    *,
    k: int = 1,
    t: float | None = None,
    ipw_successes: ArrayLike = 0.0,
    true_means: ArrayLike = np.nan,
) -> Floats:
    """P(arm i is among the k that this decision sends), (arms,), from counts (arms,) without a prior.

    They add up to min(k, arms) within 1e-12, and each is that exact: 1e-7 where a Beta parameter is below 1, since the
    density then has a pole. `t` is the number of trials so far, by default the sum of `trials`. Raises InputError for a
    policy whose probabilities have no known form (`has_propensities`), and for k below 1.
    """
    if k < 1:
        raise InputError(f"k must be at least 1, got {k}")
    if not has_propensities(policy, k):
        raise InputError(
            f"policy {policy.kind}: its probabilities are not known in closed form"
            + (" where several arms are sent at once" if has_propensities(policy) else ""),
            "`record: {sends: true}` estimates them by drawing each decision again.",
        )
    n, s, w, mean = (np.array(x, np.float64) for x in np.broadcast_arrays(trials, successes, ipw_successes, true_means))
    a, b = _summaries(policy, n, s, w, mean)
    state = np.zeros(policy.state_size)
    with np.errstate(all="ignore"):
        policy.rule.prepare(float(n.sum() if t is None else t), n, a, b, policy.parameters(), state, PREPARE_KEY)
    if not policy.rule.has_distribution:
        return _of_entries(policy, k, a, b, np.ones(len(a)), state)
    # Equal arms are one entry: cost grows with distinct counts.
    pairs, kind, copies = np.unique(np.stack([a, b], axis=1), axis=0, return_inverse=True, return_counts=True)
    one, two = (np.ascontiguousarray(column) for column in pairs.T)
    return _of_entries(policy, k, one, two, copies.astype(np.float64), state)[kind]


def _summaries(policy: Policy, n: Floats, s: Floats, w: Floats, mean: Floats) -> tuple[Floats, Floats]:
    params = policy.parameters()
    columns = (column.tolist() for column in (n, s, w, mean))
    pairs = np.array([policy.rule.summarise(*arm, params) for arm in zip(*columns, strict=True)], np.float64)
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


def _of_entries(policy: Policy, k: int, a: Floats, b: Floats, copies: Floats, state: Floats) -> Floats:
    out, work = np.empty(len(a)), np.empty(len(a))
    arms = Arms(a, b, copies, np.zeros(0), 1.0)
    _kernel(policy)(k, arms, policy.parameters(), state, new_room(len(a), min(k, int(copies.sum()))), work, out)
    return out


def _kernel(policy: Policy) -> Any:
    template = chances.all_chances
    return specialise(template, policy.kind, **declared(template, chances.bindings(policy)))
