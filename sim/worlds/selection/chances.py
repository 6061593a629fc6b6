"""The probability with which a decision sends an arm, by whatever form the policy declares; and redraws without one.

| the policy | the probability that an arm is among the k sent |
|---|---|
| `deterministic` | ties share evenly |
| `state_independent_score` | exploring · k / arms + (1 − exploring) · that of ties |
| declares a `distribution` | by quadrature (`inclusion`) |
| `weighted`, or declares a `propensity` | as declared, for k = 1 |
| none of these | 1 / the mean number of redraws until the arm is sent again |

The mean of HITS geometric numbers of mean 1 / p is an unbiased estimate of 1 / p: inverse weights are right on average,
up to the arms that MOST redraws do not find.

Plain functions for `sim.kernels.specialise`, which binds the policy's rule and `bindings`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from policies.base import Policy
from policies.maths.draws import mix
from sim.kernels import unbound
from sim.worlds.base import Floats, Params
from sim.worlds.selection.argmax import best_arm
from sim.worlds.selection.entries import Arms, limits, shift_of
from sim.worlds.selection.inclusion import include, tied_share
from sim.worlds.selection.room import Room, new_room

exploring: Callable[..., float] = unbound("exploring")
prepare: Callable[..., None] = unbound("prepare")
propensity: Callable[..., float] = unbound("propensity")
score: Callable[..., float] = unbound("score")
weight: Callable[..., float] = unbound("weight")
DECLARED: bool = unbound("DECLARED")
DETERMINISTIC: bool = unbound("DETERMINISTIC")
DISTRIBUTED: bool = unbound("DISTRIBUTED")
MIXED: bool = unbound("MIXED")
WEIGHTED: bool = unbound("WEIGHTED")

ANY_KEY = np.uint64(0)  # no score of a deterministic policy depends on it
REDRAW = np.uint64(0x6A09E667F3BCC909)  # between a decision and its redraws
HITS = 8  # times that a redraw has to send the arm again
MOST = 200_000  # redraws of one decision


class Bench(NamedTuple):
    """Work space for the chances of decisions, one after the other."""

    copies: Any
    """(arms,): 1 each."""
    shift: Any
    """Of length 0."""
    chances: Any
    """(arms,)."""
    states: Any
    """(2, state size): before the decision, and after."""
    room: Room


def new_bench(arms: int, state_size: int) -> Bench:
    """Work space for decisions that send one of up to so many arms."""
    return Bench(np.ones(arms), np.zeros(0), np.zeros(arms), np.zeros((2, state_size)), new_room(arms, 1))


def bindings(policy: Policy) -> dict[str, Any]:
    """What the functions of this module, and of `inclusion`, are compiled for."""
    rule = policy.rule
    return {
        "distribution": rule.distribution,
        "exponents": rule.exponents,
        "exploring": rule.exploring,
        "prepare": rule.prepare,
        "propensity": rule.propensity,
        "score": rule.score,
        "support": rule.support,
        "weight": rule.weight,
        "DECLARED": rule.has_propensity,
        "DETERMINISTIC": policy.deterministic,
        "DISTRIBUTED": rule.has_distribution,
        "EXPONENTS": rule.has_exponents,
        "MIXED": policy.state_independent_score,
        "WEIGHTED": policy.weighted,
    }


def is_exact(k: int, shifted: bool) -> bool:
    """Whether k arms are sent with known probabilities; `shifted` where the score is only a part of the ranking."""
    return DETERMINISTIC or DISTRIBUTED or (not shifted and (MIXED or (k == 1 and (WEIGHTED or DECLARED))))


def weigh(k: int, arms: Arms, params: Params, state: Floats, room: Room, out: Floats) -> bool:
    """Fill `out` (entries,) with what `chance_of` needs, after `prepare`; whether scores are fixed and ties share."""
    if DETERMINISTIC or MIXED:
        for i in range(out.shape[0]):
            value = score(arms.a[i], arms.b[i], state, params, ANY_KEY) if DETERMINISTIC else arms.a[i]
            out[i] = arms.scale * value + shift_of(i, arms)
        return True
    if DISTRIBUTED:
        if all_points(arms, params, state):
            for i in range(out.shape[0]):
                out[i] = limits(i, arms, params, state)[0]
            return True
        include(k, arms, params, state, room, out)
    return False


def all_points(arms: Arms, params: Params, state: Floats) -> bool:
    """Whether every score has one value only, as a Wilson interval of z = 0 has."""
    for i in range(arms.a.shape[0]):
        low, high = limits(i, arms, params, state)
        if low < high:
            return False
    return True


def chance_of(i: int, k: int, fixed: bool, arms: Arms, params: Params, state: Floats, out: Floats) -> float:
    """P(an arm of entry i is among the k sent), given what `weigh` returned and left in `out`."""
    if fixed:
        tied = tied_share(k, i, out, arms.copies)
        if not MIXED or DETERMINISTIC:
            return tied
        explores = exploring(state, params)
        return explores * min(1.0, k / number_of(arms)) + (1.0 - explores) * tied
    if DISTRIBUTED:
        return out[i]  # type: ignore[no-any-return]
    if WEIGHTED:
        return 1.0 / weight(arms.a[i], arms.b[i], state, params)
    return propensity(i, arms.a, arms.b, state, params)


def number_of(arms: Arms) -> float:
    """How many arms there are."""
    total = 0.0
    for copies in arms.copies:
        total += copies
    return total


def all_chances(k: int, arms: Arms, params: Params, state: Floats, room: Room, work: Floats, out: Floats) -> None:
    """Fill `out` (entries,) with the probability that an arm of each entry is among the k sent, after `prepare`."""
    fixed = weigh(k, arms, params, state, room, work)
    for i in range(out.shape[0]):
        out[i] = chance_of(i, k, fixed, arms, params, state, work)


def chance_of_one(
    arm: int, t: int, n: Floats, a: Floats, b: Floats, params: Params, state: Floats, bench: Bench, key: np.uint64
) -> float:
    """P(`arm` is sent) where one is, after the decision of `key`; `bench.states[0]` is the state before it."""
    if is_exact(1, False):
        size = a.shape[0]
        arms, chances = Arms(a, b, bench.copies[:size], bench.shift, 1.0), bench.chances[:size]
        fixed = weigh(1, arms, params, state, bench.room, chances)
        return chance_of(arm, 1, fixed, arms, params, state, chances)
    return redrawn(arm, t, n, a, b, params, state, bench.states, key)


def redrawn(
    arm: int, t: int, n: Floats, a: Floats, b: Floats, params: Params, state: Floats, states: Floats, key: np.uint64
) -> float:
    """HITS / the number of redraws that send `arm` so often; `states[0]` is the state before the decision.

    `states` (2, state_size) keeps the state after it, which is put back. `key` is the decision's.
    """
    copy(state, states[1])
    hits = draws = 0
    while hits < HITS and draws < MOST:
        draws += 1
        copy(states[0], state)
        again = mix(key + REDRAW * np.uint64(draws))
        prepare(t, n, a, b, params, state, again)
        hits += best_arm(a, b, params, state, again) == arm
    copy(states[1], state)
    return max(hits, 1) / draws


def copy(source: Floats, target: Floats) -> None:
    """Copy numbers one by one: assigning array to array would allocate."""
    for i in range(source.shape[0]):
        target[i] = source[i]
