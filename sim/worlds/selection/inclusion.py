"""The probability that an arm is among the k largest of independent scores, for every arm.

    P(i is among them) = ∫ f_i(x) · P(fewer than k of the others exceed x) dx

How many exceed x is a sum of independent 0/1 variables: its probabilities below k follow from products of two-term
polynomials, from the left and from the right, so that leaving one arm out needs no division. All terms are positive.
The sum of the integrands is the derivative of −E min(k, number that exceed x), which is known in closed form. So every
panel of the Gauss–Legendre quadrature measures its own error; a panel above TOLERANCE is halved. Panels end where a
score's support ends, since its density jumps there: between such points the integrand of uniform scores is a
polynomial whose derivatives are all positive, so that the errors of the arms have one sign and cannot cancel.

Plain functions for `sim.kernels.specialise`, which binds the policy's `distribution` and `support`.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim.kernels import unbound
from sim.worlds.base import Floats, Params

distribution: Callable[..., tuple[float, float]] = unbound("distribution")
support: Callable[..., tuple[float, float]] = unbound("support")

NEGLIGIBLE = 1e-18  # probability that is left out, of each arm and below the first panel
TOLERANCE = 1e-14  # of one panel's error, as a probability
ROUNDING = 2e-16  # per arm, of a product over all
NARROW = 1.1  # growth over a panel, as a factor, up to which few nodes are tried first
HALVINGS = 60
FEW, MANY = 6, 16
_STEPS = 40  # of the search for the first panel
_FEW_NODES, _FEW_WEIGHTS = (tuple(each.tolist()) for each in np.polynomial.legendre.leggauss(FEW))
_MANY_NODES, _MANY_WEIGHTS = (tuple(each.tolist()) for each in np.polynomial.legendre.leggauss(MANY))


class Arms(NamedTuple):
    """The arms of a decision; arms that are equal may be one entry. Rank is by `scale` × score + shift."""

    a: Any
    """(entries,), as are the next two."""
    b: Any
    copies: Any
    """How many arms an entry stands for."""
    shift: Any
    """(entries,), or of length 0 for 0."""
    scale: float


class Room(NamedTuple):
    """Work space of `include`; what it holds between two calls does not matter."""

    before: Any
    """(entries + 1, k): of the entries before this one, the probability that so many exceed x."""
    after: Any
    """(k,): the same of those behind it."""
    alone: Any
    """(k,)."""
    exceeds: Any
    """(entries,): probability of exceeding x."""
    density: Any
    """(entries,)."""
    part: Any
    """(entries,): integrals over one panel."""
    rivals: Any
    """(entries,): the entries that can be among the k largest at all, int64."""
    highs: Any
    """(entries,): the end of each rival's support."""
    ends: Any
    """(HALVINGS,)."""


def new_room(entries: int, k: int) -> Room:
    """Work space for up to so many entries and places."""
    return Room(
        before=np.empty((entries + 1, k)),
        after=np.empty(k),
        alone=np.empty(k),
        exceeds=np.empty(entries),
        density=np.empty(entries),
        part=np.empty(entries),
        rivals=np.empty(entries, np.int64),
        highs=np.empty(entries),
        ends=np.empty(HALVINGS),
    )


def room_for(k: int, room: Room) -> Room:
    """The part of `room` that k places need."""
    return Room(
        room.before[:, :k],
        room.after[:k],
        room.alone[:k],
        room.exceeds,
        room.density,
        room.part,
        room.rivals,
        room.highs,
        room.ends,
    )


def include(k: int, arms: Arms, params: Params, state: Floats, room: Room, out: Floats) -> float:
    """Fill `out` (entries,) with the probability of each arm of an entry; returns the largest error measured.

    The scores are independent and have densities, given `state`. With no more than k arms all are certain. The
    probabilities add up to min(k, arms) to rounding.
    """
    total = 0.0
    for i in range(arms.copies.shape[0]):
        total += arms.copies[i]
        out[i] = 0.0
    if total <= k or alike(arms):
        for i in range(arms.copies.shape[0]):
            out[i] = min(1.0, k / total)
        return 0.0
    low, high, found = first_panel(k, arms, params, state, room)
    sort_rivals(found, arms, params, state, room)
    error = integrate_all(k, low, high, found, arms, params, state, room, out)
    normalise(k, arms, out)
    return error


def alike(arms: Arms) -> bool:
    """Whether all arms have the same score distribution."""
    for i in range(1, arms.a.shape[0]):
        if arms.a[i] != arms.a[0] or arms.b[i] != arms.b[0] or shift_of(i, arms) != shift_of(0, arms):
            return False
    return True


def shift_of(i: int, arms: Arms) -> float:
    """What is added to the scaled score of an entry."""
    return arms.shift[i] if arms.shift.shape[0] > 0 else 0.0


def law(i: int, x: float, arms: Arms, params: Params, state: Floats) -> tuple[float, float]:
    """(P(rank value > x), density at x) of an arm of entry i."""
    exceeds, density = distribution(arms.a[i], arms.b[i], state, params, (x - shift_of(i, arms)) / arms.scale)
    return exceeds, density / arms.scale


def limits(i: int, arms: Arms, params: Params, state: Floats) -> tuple[float, float]:
    """The support of the rank value of an arm of entry i."""
    low, high = support(arms.a[i], arms.b[i], state, params)
    return arms.scale * low + shift_of(i, arms), arms.scale * high + shift_of(i, arms)


def first_panel(k: int, arms: Arms, params: Params, state: Floats, room: Room) -> tuple[float, float, int]:
    """(low, high, rivals): the k largest lie in [low, high] but for NEGLIGIBLE, and only these entries reach it."""
    low, high, found = math.inf, -math.inf, arms.a.shape[0]
    floor = -math.inf
    for i in range(found):
        least, most = limits(i, arms, params, state)
        low, high, floor = min(low, least), max(high, most), max(floor, least)
        room.rivals[i] = i
    if k == 1:
        low = floor
    found = drop_hopeless(low, found, arms, params, state, room)
    above = high
    for _ in range(_STEPS):
        middle = low + (above - low) / 2.0
        if fewer_exceed(middle, found, arms, params, state, room) < NEGLIGIBLE:
            low = middle
            found = drop_hopeless(low, found, arms, params, state, room)
        else:
            above = middle
        if above - low < 0.02 * (high - low):
            break
    return low, high, found


def drop_hopeless(low: float, found: int, arms: Arms, params: Params, state: Floats, room: Room) -> int:
    """Keep the rivals that exceed `low` with more than a negligible probability; returns how many."""
    kept = 0
    for r in range(found):
        i = room.rivals[r]
        if arms.copies[i] * law(i, low, arms, params, state)[0] > NEGLIGIBLE:
            room.rivals[kept] = i
            kept += 1
    return kept


def fewer_exceed(x: float, found: int, arms: Arms, params: Params, state: Floats, room: Room) -> float:
    """P(fewer than k arms exceed x), or any number below NEGLIGIBLE where it is; leaves the terms in `room.after`."""
    start(room.after)
    for r in range(found):
        i = room.rivals[r]
        join(room.after, law(i, x, arms, params, state)[0], arms.copies[i], room)
        if r % 8 == 7 and total_of(room.after) < NEGLIGIBLE:
            break
    return total_of(room.after)


def total_of(terms: Floats) -> float:
    """The sum."""
    total = 0.0
    for value in terms:
        total += value
    return total


def start(terms: Floats) -> None:
    """Nobody exceeds."""
    for m in range(terms.shape[0]):
        terms[m] = 0.0
    terms[0] = 1.0


def join(terms: Floats, chance: float, copies: float, room: Room) -> None:
    """Let `copies` more arms exceed, each with this probability: a product with the terms of their number."""
    k = terms.shape[0]
    if copies == 1.0:
        for m in range(k - 1, 0, -1):
            terms[m] = terms[m] * (1.0 - chance) + terms[m - 1] * chance
        terms[0] *= 1.0 - chance
        return
    binomial(copies, chance, room.alone)
    for m in range(k - 1, -1, -1):
        value = 0.0
        for j in range(m + 1):
            value += terms[m - j] * room.alone[j]
        terms[m] = value


def binomial(copies: float, chance: float, terms: Floats) -> None:
    """P(m of `copies` exceed) for m from 0 on."""
    for m in range(terms.shape[0]):
        terms[m] = 1.0 if chance >= 1.0 and m == copies else 0.0
    if chance < 1.0:
        terms[0] = math.exp(copies * math.log1p(-chance))
        for m in range(1, terms.shape[0]):
            terms[m] = terms[m - 1] * max(0.0, copies - m + 1.0) / m * chance / (1.0 - chance)


def expected(terms: Floats) -> float:
    """E min(k, number), given the probabilities below k."""
    k = terms.shape[0]
    missing = 0.0
    for m in range(k):
        missing += (k - m) * terms[m]
    return float(k - missing)


def sort_rivals(found: int, arms: Arms, params: Params, state: Floats, room: Room) -> None:
    """Order the rivals by the highest value that they can have, largest first, and note these in `room.highs`."""
    for r in range(found):
        i, place = room.rivals[r], r
        most = limits(i, arms, params, state)[1]
        while place > 0 and room.highs[place - 1] < most:
            room.highs[place], room.rivals[place] = room.highs[place - 1], room.rivals[place - 1]
            place -= 1
        room.highs[place], room.rivals[place] = most, i


def integrate_all(
    k: int, low: float, high: float, found: int, arms: Arms, params: Params, state: Floats, room: Room, out: Floats
) -> float:
    """Add the integrals over all panels, from the highest down; returns the sum of their errors."""
    error, right, active = 0.0, high, 0
    while right > low:
        while active < found and room.highs[active] >= right:
            active += 1
        left = next_end(low, right, active, found, arms, params, state, room)
        error += integrate(k, left, right, active, arms, params, state, room, out)
        right = left
        if fewer_exceed(left, active, arms, params, state, room) < NEGLIGIBLE:
            break
    return error


def next_end(
    low: float, right: float, active: int, found: int, arms: Arms, params: Params, state: Floats, room: Room
) -> float:
    """The largest end of a support in [low, right); only the `active` rivals can exceed it."""
    left = max(low, room.highs[active]) if active < found else low
    for r in range(active):
        least = limits(room.rivals[r], arms, params, state)[0]
        if left < least < right:
            left = least
    return left


def integrate(
    k: int, left: float, right: float, found: int, arms: Arms, params: Params, state: Floats, room: Room, out: Floats
) -> float:
    """Add the integrals over [left, right], halved until each panel's error is small; returns the sum of errors."""
    room.ends[0], depth, error = right, 1, 0.0
    tolerance = TOLERANCE + ROUNDING * found
    sure = fewer_exceed(left, found, arms, params, state, room)
    above = expected(room.after)
    while depth > 0:
        right = room.ends[depth - 1]
        more = fewer_exceed(right, found, arms, params, state, room)
        below = expected(room.after)
        mistake = math.inf
        if more < NARROW * sure:
            mistake = panel(k, left, right, above - below, False, found, arms, params, state, room)
        if mistake > tolerance:
            mistake = panel(k, left, right, above - below, True, found, arms, params, state, room)
        middle = left + (right - left) / 2.0
        if mistake <= tolerance or depth == HALVINGS or not left < middle < right:
            for r in range(found):
                out[room.rivals[r]] += room.part[r]
            left, sure, above, error, depth = right, more, below, error + mistake, depth - 1
        else:
            room.ends[depth] = middle
            depth += 1
    return error


def panel(
    k: int,
    left: float,
    right: float,
    exact: float,
    many: bool,
    found: int,
    arms: Arms,
    params: Params,
    state: Floats,
    room: Room,
) -> float:
    """Put the integrals over [left, right] into `room.part`; returns by how much their sum differs from `exact`."""
    for r in range(found):
        room.part[r] = 0.0
    half, middle = (right - left) / 2.0, left + (right - left) / 2.0
    for node in range(MANY if many else FEW):
        place = _MANY_NODES[node] if many else _FEW_NODES[node]
        weight = _MANY_WEIGHTS[node] if many else _FEW_WEIGHTS[node]
        add_node(k, middle + half * place, half * weight, found, arms, params, state, room)
    total = 0.0
    for r in range(found):
        total += arms.copies[room.rivals[r]] * room.part[r]
    return abs(total - exact)


def add_node(
    k: int, x: float, weight: float, found: int, arms: Arms, params: Params, state: Floats, room: Room
) -> None:
    """Add `weight` × density × P(fewer than k of the others exceed x) of every rival."""
    start(room.before[0])
    for r in range(found):
        i = room.rivals[r]
        room.exceeds[r], room.density[r] = law(i, x, arms, params, state)
        copy_terms(room.before[r], room.before[r + 1])
        join(room.before[r + 1], room.exceeds[r], arms.copies[i], room)
    start(room.after)
    for r in range(found - 1, -1, -1):
        copies = arms.copies[room.rivals[r]]
        if copies > 1.0:
            join(room.before[r], room.exceeds[r], copies - 1.0, room)
        if room.density[r] > 0.0:
            room.part[r] += weight * room.density[r] * below_k(k, room.before[r], room.after)
        join(room.after, room.exceeds[r], copies, room)


def copy_terms(source: Floats, target: Floats) -> None:
    """Copy numbers one by one."""
    for m in range(source.shape[0]):
        target[m] = source[m]


def below_k(k: int, before: Floats, after: Floats) -> float:
    """P(the sum of two independent numbers is below k), from the probabilities of each below k."""
    reached, total = 0.0, 0.0
    for m in range(k):
        reached += before[m]
        total += after[k - 1 - m] * reached
    return total


def normalise(k: int, arms: Arms, out: Floats) -> None:
    """Make the probabilities add up to k: what the quadrature leaves out is far below the error stated."""
    total = 0.0
    for i in range(out.shape[0]):
        total += arms.copies[i] * out[i]
    for i in range(out.shape[0]):
        out[i] = min(1.0, out[i] * (k / total))


def tied_share(k: int, i: int, values: Floats, copies: Floats) -> float:
    """P(an arm of entry i is among the k largest) of fixed scores, whose ties chance breaks evenly."""
    above, tied = 0.0, 0.0
    for j in range(values.shape[0]):
        if values[j] > values[i]:
            above += copies[j]
        elif values[j] == values[i]:
            tied += copies[j]
    return max(0.0, min(1.0, (k - above) / tied)) if tied > 0.0 else 0.0
