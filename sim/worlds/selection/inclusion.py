"""The probability that an arm is among the k largest of independent scores, for every arm.

    P(i is among them) = ∫ f_i(x) · P(fewer than k of the others exceed x) dx

The integrands follow from the laws of all arms at the same nodes (`nodes`, `exceeding`). Their sum is the derivative of
−E min(k, number that exceed x), which is known in closed form. So every panel of the Gauss–Legendre quadrature measures
its own error; a panel above TOLERANCE is halved. Panels end where a score's support ends, since its density jumps
there: between such points the integrand of uniform scores is a polynomial whose derivatives are all positive, so that
the errors of the arms have one sign and cannot cancel.

Plain functions for `sim.kernels.specialise`, which binds `EXPONENTS` and the policy's functions.
"""

import math

from sim.kernels import unbound
from sim.worlds.base import Floats, Params
from sim.worlds.selection.entries import Arms, alike, law, limits
from sim.worlds.selection.exceeding import add_node, add_wins, expected, join, start, total_of
from sim.worlds.selection.nodes import evaluate, exponents, interpolate, place
from sim.worlds.selection.room import FEW, HALVINGS, MANY, Room

EXPONENTS: bool = unbound("EXPONENTS")  # whether `exponents` is declared

NEGLIGIBLE = 1e-18  # probability that is left out, of each arm and below the first panel
TOLERANCE = 1e-14  # of one panel's error, as a probability
ROUNDING = 2e-16  # per arm, of a product over all
NARROW = 1.2  # growth over a panel, as a factor, up to which few nodes are tried first
MOST_HALVINGS = 1_000  # of one interval: where rounding errors are above the tolerance, halving does not end
_STEPS = 40  # of the search for the first panel


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
    """P(fewer than k arms exceed x), or any number below NEGLIGIBLE where it is; leaves the terms in `after`."""
    start(room.counts.after)
    for r in range(found):
        i = room.rivals[r]
        join(room.counts.after, law(i, x, arms, params, state)[0], arms.copies[i], room.counts.alone)
        if r % 8 == 7 and total_of(room.counts.after) < NEGLIGIBLE:
            break
    return total_of(room.counts.after)


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
        note_end(HALVINGS, left, active, arms, params, state, room)
        note_end(0, right, active, arms, params, state, room)
        sure = room.ends.sure[HALVINGS]
        error += integrate(k, active, arms, params, state, room, out)
        if sure < NEGLIGIBLE:
            break
        right = left
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


def note_end(end: int, x: float, found: int, arms: Arms, params: Params, state: Floats, room: Room) -> None:
    """Note the end x of a panel, and the laws of the rivals there."""
    ends, number = room.ends, room.counts.after
    start(number)
    ends.x[end] = x
    for r in range(found):
        i = room.rivals[r]
        ends.exceeds[end, r], ends.density[end, r] = law(i, x, arms, params, state)
        join(number, ends.exceeds[end, r], arms.copies[i], room.counts.alone)
    ends.sure[end], ends.number[end] = total_of(number), expected(number)


def integrate(k: int, found: int, arms: Arms, params: Params, state: Floats, room: Room, out: Floats) -> float:
    """Add the integrals from the last of the ends noted to the first, halved until each panel's error is small.

    Returns the sum of the errors.
    """
    ends, waiting, error, halvings = room.ends.x, 1, 0.0, 0
    tolerance = TOLERANCE + ROUNDING * found + rounding_of_laws(found, arms, params, state, room)
    while waiting > 0:
        left, right = ends[HALVINGS], ends[waiting - 1]
        middle = left + (right - left) / 2.0
        last = waiting == HALVINGS or halvings == MOST_HALVINGS or not left < middle < right
        mistake = panel(k, waiting - 1, last, tolerance, found, arms, params, state, room)
        if mistake <= tolerance or last:
            for r in range(found):
                out[room.rivals[r]] += room.panel.part[r]
            waiting, error = waiting - 1, error + mistake
            move_left_end(waiting, found, room)
        else:
            note_end(waiting, middle, found, arms, params, state, room)
            waiting, halvings = waiting + 1, halvings + 1
    return error


def rounding_of_laws(found: int, arms: Arms, params: Params, state: Floats, room: Room) -> float:
    """Relative error of a Beta law at large counts: the digits that its two powers lose where they cancel."""
    largest = 0.0
    if EXPONENTS:
        for r in range(found):
            i = room.rivals[r]
            p, q = exponents(arms.a[i], arms.b[i], state, params)
            largest = max(largest, abs(p) + abs(q))
    return ROUNDING * math.sqrt(largest)


def move_left_end(end: int, found: int, room: Room) -> None:
    """Let the next panel begin where this one ends."""
    ends = room.ends
    ends.x[HALVINGS], ends.sure[HALVINGS], ends.number[HALVINGS] = ends.x[end], ends.sure[end], ends.number[end]
    for r in range(found):
        ends.exceeds[HALVINGS, r], ends.density[HALVINGS, r] = ends.exceeds[end, r], ends.density[end, r]


def panel(
    k: int,
    end: int,
    last: bool,
    tolerance: float,
    found: int,
    arms: Arms,
    params: Params,
    state: Floats,
    room: Room,
) -> float:
    """Put the integrals over the panel up to `end` into the room; returns by how much their sum is wrong.

    Infinity where the panel must be halved. The `last` one cannot be, and is integrated as well as it can.
    """
    ends, nodes = room.ends, room.panel
    if ends.sure[end] < NEGLIGIBLE:
        for r in range(found):
            nodes.part[r] = 0.0
        return NEGLIGIBLE
    if EXPONENTS and not last:
        place(ends.x[HALVINGS], ends.x[end], nodes.many, room)
        good = interpolate(end, tolerance, found, arms, params, state, room)
        return add_up(k, MANY, end, found, arms, room) if good else math.inf
    if ends.sure[end] < NARROW * ends.sure[HALVINGS]:
        place(ends.x[HALVINGS], ends.x[end], nodes.few, room)
        evaluate(FEW, found, arms, params, state, room)
        mistake = add_up(k, FEW, end, found, arms, room)
        if mistake <= tolerance:
            return mistake
    place(ends.x[HALVINGS], ends.x[end], nodes.many, room)
    evaluate(MANY, found, arms, params, state, room)
    return add_up(k, MANY, end, found, arms, room)


def add_up(k: int, nodes: int, end: int, found: int, arms: Arms, room: Room) -> float:
    """Fill `part` from what is known at the nodes; returns by how much the sum differs from that of the ends."""
    if k == 1:
        add_wins(nodes, found, arms, room)
    else:
        for r in range(found):
            room.panel.part[r] = 0.0
        for node in range(nodes):
            add_node(k, node, found, arms, room)
    total = 0.0
    for r in range(found):
        total += arms.copies[room.rivals[r]] * room.panel.part[r]
    return abs(total - room.ends.number[HALVINGS] + room.ends.number[end])  # type: ignore[no-any-return]


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
