"""What a policy that `reads_batches` must satisfy: a part of `policies.conformance`."""

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy as np

from policies.base import Params, Policy
from policies.conformance.statistics import Floats
from policies.unbound import unbound

_KEY = np.uint64(0x9E3779B97F4A7C15)
_TRIALS = ((1.0, 0.0, 0.0), (4.0, 4.0, 0.0), (0.5, 2.5, 1.0), (1e6, 0.0, 3.0), (0.0, 30.0, 0.0))
_SHARES = (0.0, 1.0, 0.3)  # of successes

learn_batch = unbound("learn_batch")


def learn(n: Floats, s: Floats, notes: Floats, a: Floats, b: Floats, params: Params, state: Floats) -> None:
    """Teach the batches `n` and `s` (batches, arms), one after the other; t counts their trials."""
    t = 0.0
    for batch in range(n.shape[0]):
        for arm in range(n.shape[1]):
            t += n[batch, arm]
        learn_batch(t, n[batch], s[batch], notes, a, b, params, state)


def taught(policy: Policy, n: Floats, s: Floats, run: Callable[..., None] | None = None) -> tuple[Floats, ...]:
    """(a, b, notes, state) after the batches, by plain Python unless `run` is a compiled `learn`."""
    arms, params = n.shape[1], policy.parameters()
    start = policy.rule.summarise(0.0, 0.0, 0.0, 0.5, params)
    a, b = np.full(arms, start[0]), np.full(arms, start[1])
    notes, state = np.zeros((arms, policy.note_size)), np.zeros(policy.state_size)
    plain = FunctionType(learn.__code__, {**learn.__globals__, "learn_batch": policy.rule.learn_batch})
    with np.errstate(all="ignore"):
        (run or plain)(n, s, notes, a, b, params, state)
    return a, b, notes, state


def _batches() -> tuple[Floats, Floats]:
    n = np.array(_TRIALS * 3)
    return n, n * np.resize(np.array(_SHARES), n.shape[0])[:, None]


def batch_problems(policy: Policy) -> Iterator[str]:
    """Of batches at the edges: of one arm, of a million trials, all successes, none."""
    a, b, notes, state = taught(policy, *_batches())
    if not (np.isfinite(notes).all() and np.isfinite(state).all()):
        yield "the notes or the state are not finite after learn_batch"
    rule, params = policy.rule, policy.parameters()
    nothing = np.zeros(len(a))
    rule.prepare(1e6, nothing, a, b, params, state, _KEY)
    for one, two in zip(a.tolist(), b.tolist(), strict=True):
        score, (low, high) = rule.score(one, two, state, params, _KEY), rule.support(one, two, state, params)
        if not (score > -np.inf and low <= score <= high):
            yield "a score after learn_batch is NaN or −inf, or lies outside its support"


def compiled_batch_problems(policy: Policy, specialise: Callable[..., Callable[..., Any]]) -> list[str]:
    """Whether `learn_batch` compiled gives what it gives as plain Python."""
    run = specialise(learn, f"conformance_{policy.kind}", learn_batch=policy.rule.learn_batch)
    pairs = zip(taught(policy, *_batches()), taught(policy, *_batches(), run), strict=True)
    same = all(one.tobytes() == other.tobytes() for one, other in pairs)
    return [] if same else ["compiled and plain results of learn_batch differ"]
