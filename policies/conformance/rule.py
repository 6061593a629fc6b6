"""What a rule must satisfy as plain Python, and compiled: a part of `policies.conformance`."""

from collections.abc import Callable, Iterator

import numpy as np

from policies.base import EXPLORING, Policy
from policies.conformance.batches import batch_problems, compiled_batch_problems
from policies.conformance.decision import ROLES, Decision, Evaluate, decide, evaluate
from policies.conformance.fleet import fleet_problems, rest_problems
from policies.conformance.index import index_problems
from policies.conformance.pool import pool_problems
from policies.conformance.propensity import propensity_problems
from policies.conformance.sales import sales_problems
from policies.conformance.statistics import Statistics, edge_statistics
from policies.conformance.tail import tail_problems

Compiler = Callable[..., Evaluate]
_KEYS = tuple(np.uint64(key) for key in (0, 1, 2**32, 2**63, 2**64 - 1, 0x123456789ABCDEF1))


def rule_problems(policy: Policy) -> list[str]:
    """What is wrong with the rule as plain Python, on `edge_statistics` and several keys."""
    found: dict[str, None] = {}
    for seen in edge_statistics():
        decisions = [_untouched(policy, seen, key, found) for key in _KEYS]
        for decision in decisions:
            found |= dict.fromkeys(_decision_problems(policy, decision))
            found |= dict.fromkeys(propensity_problems(policy, decision.a, decision.b, decision.state))
        if policy.deterministic and len({decision.out.tobytes() for decision in decisions}) > 1:
            found["it says deterministic, but the score depends on the key"] = None
        if policy.state_independent_score and not all(_is_steady(decision) for decision in decisions):
            found["it says state_independent_score, but a score is not a"] = None
    if policy.concave_index:
        found |= dict.fromkeys(index_problems(policy))
    if policy.tail_evaluable:
        found |= dict.fromkeys(problem for seen in edge_statistics() for problem in _tail_problems(policy, seen))
    with np.errstate(all="ignore"):
        for reads, problems in (
            (policy.reads_sales, sales_problems),
            (policy.reads_fleet, fleet_problems),
            (policy.reads_rest, rest_problems),
            (policy.reads_batches, batch_problems),
        ):
            found |= dict.fromkeys(problems(policy) if reads else ())
    if policy.exchangeable_untried:
        with np.errstate(all="ignore"):
            found |= dict.fromkeys(pool_problems(policy, policy.parameters()))
    return list(found)


def _is_steady(decision: Decision) -> bool:
    explores = decision.state.size > 0 and decision.state[EXPLORING] > 0.0
    return bool(explores or (decision.out[:, 0] == decision.a).all())


def _tail_problems(policy: Policy, seen: Statistics) -> Iterator[str]:
    """Whether the chances of passing a level are those of the scores, before and after one more trial."""
    params = policy.parameters()
    decision = decide(policy, seen, _KEYS[0])
    more = [
        policy.rule.summarise(n + 1.0, s, ipw_successes, true_mean, params)
        for n, s, ipw_successes, true_mean in _arms(seen)
    ]
    for a, b, (to_a, to_b) in zip(decision.a, decision.b, more, strict=True):
        with np.errstate(all="ignore"):
            yield from tail_problems(policy.rule, float(a), float(b), to_a, to_b, decision.state, params)


def _arms(seen: Statistics) -> Iterator[tuple[float, float, float, float]]:
    return zip(seen.n, seen.s, seen.ipw_successes, seen.true_mean, strict=True)


def _untouched(policy: Policy, seen: Statistics, key: np.uint64, found: dict[str, None]) -> Decision:
    """A decision, after a look at what it must leave alone and at what it must repeat."""
    before = [array.copy() for array in (seen.n, seen.s, seen.ipw_successes, seen.true_mean)]
    decision = decide(policy, seen, key)
    after = (seen.n, seen.s, seen.ipw_successes, seen.true_mean)
    if any(a.tobytes() != b.tobytes() for a, b in zip(before, after, strict=True)):
        found["prepare writes to n"] = None
    params = policy.parameters()
    kept = [policy.rule.summarise(*arm, params) for arm in zip(*before, strict=True)]
    if not np.array_equal(np.array(kept, dtype=np.float64).T, np.array([decision.a, decision.b]), equal_nan=True):
        found["prepare writes to a or b"] = None
    if not decide(policy, seen, key).same(decision):
        found["equal keys and statistics give different results"] = None
    return decision


def _decision_problems(policy: Policy, decision: Decision) -> Iterator[str]:
    scores, low, high, weights = decision.out.T
    if np.isnan(decision.out).any() or np.isnan(decision.state).any():
        yield "a score, bound, weight or state is NaN"
    if np.isneginf(scores).any():
        yield "a score is −inf"
    if not ((low <= scores) & (scores <= high)).all():
        yield "a score lies outside its support"
    if not (np.isfinite(weights) & (weights >= 1.0)).all():
        yield "a weight is not a finite number of at least 1"
    if not policy.weighted and (weights != 1.0).any():
        yield "it has a weight but does not say weighted"


def lowest_score(policy: Policy) -> str:
    """Where the rule scores an arm −inf, in words; "" where it does not, or fails for another reason.

    A kernel takes −inf for "no arm yet": arms with that score would be tied, and drawn at random.
    """
    for seen in edge_statistics():
        try:
            scores = decide(policy, seen, _KEYS[0]).out[:, 0]
        except Exception:  # noqa: BLE001  (code of another package; what fails here is reported when it is compiled)
            return ""
        for arm in np.flatnonzero(np.isneginf(scores)):
            return f"the score is −inf, for example of an arm with {seen.s[arm]:g} successes in {seen.n[arm]:g} trials"
    return ""


def compiled_problems(policy: Policy, specialise: Compiler) -> list[str]:
    """Where the rule compiled by `specialise` (that of `sim.kernels`) differs from plain Python."""
    roles = {name: getattr(policy.rule, name) for name in ROLES}
    run = specialise(evaluate, f"conformance_{policy.kind}", **roles)
    for seen in edge_statistics():
        for key in _KEYS:
            if not decide(policy, seen, key, run).same(decide(policy, seen, key)):
                return [f"compiled and plain results differ at t = {seen.t}, n = {seen.n}, s = {seen.s}"]
    return compiled_batch_problems(policy, specialise) if policy.reads_batches else []
