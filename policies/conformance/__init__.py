"""What every policy must satisfy, whoever wrote it: `check("my_kind")` in a test of your own.

    from policies.conformance import check
    from sim.kernels import specialise

    def test_my_policy():
        check("my_kind", specialise)

Without a compiler the rule runs as plain Python; with one, compiled and plain results must also be equal bit for bit.
"""

import dataclasses
import math
import pickle
import re
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.base import SCORE_ERROR, Memory, Policy
from policies.conformance.pool import pool_problems
from policies.conformance.propensity import propensity_problems
from policies.conformance.tail import tail_problems
from policies.maths.draws import arm_key
from policies.registry import build
from policies.unbound import unbound

Floats = NDArray[np.float64]
Compiler = Callable[..., Any]

_KIND = re.compile(r"[a-z][a-z0-9_]*")
_KEYS = tuple(np.uint64(key) for key in (0, 1, 2**32, 2**63, 2**64 - 1, 0x123456789ABCDEF1))
_PASSING = (1e-3, 0.5, 20.0, 1e6)  # trials, as shares of those so far
_ROLES = ("summarise", "prepare", "score", "support", "weight")


@dataclasses.dataclass(frozen=True)
class Statistics:
    """What a policy is shown of one row: `t` trials so far; n, s, w and truth of shape (arms,)."""

    t: float
    n: Floats
    s: Floats
    ipw_successes: Floats
    true_mean: Floats


class NonconformingError(AssertionError):
    """A policy breaks a rule that engines rely on; the message lists every problem found."""


def check(policy: Policy | str, specialise: Compiler | None = None) -> None:
    """Raise `NonconformingError` with every problem of a policy, or of a kind with its defaults."""
    policy = build(policy) if isinstance(policy, str) else policy
    found = [*declaration_problems(policy), *rule_problems(policy)]
    if specialise is not None:
        found += compiled_problems(policy, specialise)
    if found:
        raise NonconformingError("\n".join(f"{policy.kind or type(policy).__name__}: {problem}" for problem in found))


def edge_statistics() -> Iterator[Statistics]:
    """Rows at the edges: nothing seen, only successes, only failures, a billion trials, faded counts, one arm."""
    yield _row(0, [0, 0, 0], [0, 0, 0])
    yield _row(1, [1, 0], [1, 0])
    yield _row(3, [1, 1, 1], [0, 1, 0])
    yield _row(5, [5], [3])
    yield _row(40, [10, 10, 20], [10, 0, 10])
    yield _row(40, [10, 10, 10], [0, 0, 0])
    yield _row(40, [10, 10, 10], [10, 10, 10])
    yield _row(2e9, [1e9, 1e9, 7], [1, 999_999_999, 3])
    yield _row(5e3, [1e-12, 0.375, 812.0625, 2.5], [1e-12, 0.25, 500.5, 0.0])
    yield _row(1e6, [3, 400, 50_000], [1, 100, 20_000])


def _row(t: float, n: list[float], s: list[float]) -> Statistics:
    trials, successes = np.array(n, dtype=np.float64), np.array(s, dtype=np.float64)
    return Statistics(float(t), trials, successes, 1.5 * successes, np.linspace(0.1, 0.9, len(n)))


# `specialise`, or `_plain`, puts a policy's own functions in their place.
summarise, prepare, score, support, weight = map(unbound, _ROLES)


def evaluate(
    t: Any, n: Any, s: Any, ipw_successes: Any, true_mean: Any, params: Any, state: Any, key: Any, a: Any, b: Any
) -> Any:
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
    roles = {name: getattr(policy.rule, name) for name in _ROLES}
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


def decide(policy: Policy, seen: Statistics, key: np.uint64, run: Any = None, state: Floats | None = None) -> Decision:
    """One decision of a policy on these statistics, by plain Python unless `run` is a compiled `evaluate`."""
    a, b = np.empty(len(seen.n)), np.empty(len(seen.n))
    moved = np.zeros(policy.state_size) if state is None else state.copy()
    params = np.array(policy.parameters(), dtype=np.float64)
    with np.errstate(all="ignore"):
        out = (run or _plain(policy))(
            seen.t, seen.n, seen.s, seen.ipw_successes, seen.true_mean, params, moved, key, a, b
        )
    return Decision(out, a, b, moved)


def declaration_problems(policy: Policy) -> list[str]:
    """What is wrong with the class around the rule."""
    kind = type(policy)
    tests = {
        "kind must be lower-case letters, digits and underscores": bool(_KIND.fullmatch(policy.kind)),
        "source must name where the rule comes from": bool(policy.source.strip()),
        "the class needs a docstring of its own": not _auto_documented(kind),
        "it must be a frozen dataclass": bool(getattr(kind, "__dataclass_params__").frozen),  # noqa: B009
        "a copy through pickle must be equal": _survives_pickle(policy),
        "it must be hashable": hash(policy) == hash(dataclasses.replace(policy)),
        "parameters() must be a tuple of finite floats": _all_floats(policy.parameters()),
        "memory must be a Memory": isinstance(policy.memory, Memory),
        "true_mean_of must be reward or revenue": policy.true_mean_of in {"reward", "revenue"},
    }
    return [problem for problem, fine in tests.items() if not fine] + _parameter_problems(policy)


def _auto_documented(kind: type[Policy]) -> bool:
    """Whether the docstring is only the signature that `dataclass` puts where there is none."""
    return not kind.__doc__ or kind.__doc__.startswith(f"{kind.__name__}(")


def _survives_pickle(policy: Policy) -> bool:
    try:
        return bool(pickle.loads(pickle.dumps(policy)) == policy)  # noqa: S301 - our own bytes
    except (pickle.PicklingError, AttributeError, TypeError):
        return False


def _all_floats(values: Any) -> bool:
    return isinstance(values, tuple) and all(type(value) is float and math.isfinite(value) for value in values)


def _parameter_problems(policy: Policy) -> list[str]:
    found = []
    for item in dataclasses.fields(policy):
        if not item.metadata.get("doc"):
            found.append(f"parameter {item.name} is not documented: declare it by policies.base.parameter")
        elif any(_accepted(policy, item.name, value) for value in _bad_values(item)):
            found.append(f"parameter {item.name} takes values outside its range: let __post_init__ call its super's")
    return found


def _bad_values(item: "dataclasses.Field[Any]") -> list[Any]:
    bad: list[Any] = [math.nan, math.inf, True, "a word"]
    if item.metadata["low"] is not None:
        bad.append(item.metadata["low"] - 1)
    if item.metadata["high"] is not None:
        bad.append(item.metadata["high"] + 1)
    shape = len(item.default) if isinstance(item.default, tuple) else 0
    return [(value,) * shape for value in bad] if shape else bad


def _accepted(policy: Policy, name: str, value: Any) -> bool:
    try:
        dataclasses.replace(policy, **{name: value})
    except ValueError:
        return False
    return True


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
        found |= dict.fromkeys(_concavity_problems(policy))
    if policy.tail_evaluable:
        found |= dict.fromkeys(problem for seen in edge_statistics() for problem in _tail_problems(policy, seen))
    if policy.exchangeable_untried:
        with np.errstate(all="ignore"):
            found |= dict.fromkeys(pool_problems(policy, np.array(policy.parameters(), dtype=np.float64)))
    return list(found)


def _is_steady(decision: Decision) -> bool:
    explores = decision.state.size > 0 and decision.state[0] > 0.0
    return bool(explores or (decision.out[:, 0] == decision.a).all())


def _tail_problems(policy: Policy, seen: Statistics) -> Iterator[str]:
    """Whether the chances of passing a level are those of the scores, before and after one more trial."""
    params = np.array(policy.parameters(), dtype=np.float64)
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


def _concavity_problems(policy: Policy) -> Iterator[str]:
    """Whether earlier scores bound later ones from both sides, while trials pass and nothing is learned."""
    if not policy.deterministic:
        yield "it says concave_index, but not deterministic"
    params = np.array(policy.parameters(), dtype=np.float64)
    for seen in edge_statistics():
        early = decide(policy, seen, _KEYS[0])
        for passed in _PASSING:
            late = decide(policy, dataclasses.replace(seen, t=seen.t * (1.0 + passed) + passed), _KEYS[0])
            wait = late.state[0] - early.state[0]
            if not wait >= 0.0:
                yield "it says concave_index, but state[0] falls"
            for a, b, now, then in zip(early.a, early.b, early.out[:, 0], late.out[:, 0], strict=True):
                with np.errstate(all="ignore"):
                    rise = policy.rule.max_slope(a, b, now, early.state, params)
                if not rise >= 0.0:
                    yield "a slope is negative or NaN"
                elif then < now - SCORE_ERROR or (wait > 0.0 and then > now + rise * wait + SCORE_ERROR):
                    yield "it says concave_index, but a score leaves the bounds that an earlier one sets"


def _untouched(policy: Policy, seen: Statistics, key: np.uint64, found: dict[str, None]) -> Decision:
    """A decision, after a look at what it must leave alone and at what it must repeat."""
    before = [array.copy() for array in (seen.n, seen.s, seen.ipw_successes, seen.true_mean)]
    decision = decide(policy, seen, key)
    after = (seen.n, seen.s, seen.ipw_successes, seen.true_mean)
    if any(a.tobytes() != b.tobytes() for a, b in zip(before, after, strict=True)):
        found["prepare writes to n"] = None
    params = np.array(policy.parameters(), dtype=np.float64)
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


def compiled_problems(policy: Policy, specialise: Compiler) -> list[str]:
    """Where the rule compiled by `specialise` (that of `sim.kernels`) differs from plain Python."""
    roles = {name: getattr(policy.rule, name) for name in _ROLES}
    run = specialise(evaluate, f"conformance_{policy.kind}", **roles)
    for seen in edge_statistics():
        for key in _KEYS:
            if not decide(policy, seen, key, run).same(decide(policy, seen, key)):
                return [f"compiled and plain results differ at t = {seen.t}, n = {seen.n}, s = {seen.s}"]
    return []
