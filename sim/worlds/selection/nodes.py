"""Probabilities and densities of all rivals at the nodes of one panel.

A law of costly probabilities, such as the Beta law, is evaluated at the ends of the panel only where the policy
declares `exponents`: the density is proportional to y^p (1 − y)^q, so that those at the nodes cost one exponential
each, and the probabilities are integrals of the polynomial through them (Gauss collocation: Hairer, Nørsett & Wanner
1993, section II.7). The integral over the whole panel must be the difference of the probabilities at its ends.

Plain functions for `sim.kernels.specialise`, which binds the policy's `exponents`.
"""

import math
from collections.abc import Callable

from sim.kernels import unbound
from sim.worlds.base import Floats, Params
from sim.worlds.selection.entries import Arms, law, score_at
from sim.worlds.selection.room import HALVINGS, Nodes, Room

exponents: Callable[..., tuple[float, float]] = unbound("exponents")


def place(left: float, right: float, nodes: Nodes, room: Room) -> None:
    """Put the nodes of the panel, and their weights, into the room."""
    half, middle = (right - left) / 2.0, left + (right - left) / 2.0
    for m in range(nodes.places.shape[0]):
        room.panel.x[m] = middle + half * nodes.places[m]
        room.panel.weight[m] = half * nodes.weights[m]


def evaluate(nodes: int, found: int, arms: Arms, params: Params, state: Floats, room: Room) -> None:
    """By the law at every node."""
    panel = room.panel
    for r in range(found):
        i = room.rivals[r]
        for m in range(nodes):
            panel.exceeds[r, m], panel.density[r, m] = law(i, panel.x[m], arms, params, state)


def interpolate(end: int, tolerance: float, found: int, arms: Arms, params: Params, state: Floats, room: Room) -> bool:
    """From the law at the left end and at `end`; whether every integral agrees with these within the tolerance."""
    ends, shifted = room.ends, arms.shift.shape[0] > 0
    half = (ends.x[end] - ends.x[HALVINGS]) / 2.0
    for r in range(found):
        i = room.rivals[r]
        if r == 0 or shifted:
            grow(i, end, arms, room)
        p, q = exponents(arms.a[i], arms.b[i], state, params)
        extrapolate(r, end, p, q, room)
        whole = sum_up(r, end, half, room)
        gap = arms.copies[i] * abs(ends.exceeds[end, r] + whole - ends.exceeds[HALVINGS, r])
        if not gap <= tolerance:  # nor where it is NaN
            return False
    return True


def grow(i: int, end: int, arms: Arms, room: Room) -> None:
    """Fill `growth` for an arm of entry i; what cannot be computed is not used, since the density is 0 there."""
    panel = room.panel
    left, right = score_at(i, room.ends.x[HALVINGS], arms), score_at(i, room.ends.x[end], arms)
    for m in range(panel.x.shape[0]):
        y = score_at(i, panel.x[m], arms)
        if 0.0 < left < 1.0:
            panel.growth[0, m], panel.growth[1, m] = (
                math.log1p((y - left) / left),
                math.log1p((left - y) / (1.0 - left)),
            )
        if 0.0 < right < 1.0:
            panel.growth[2, m] = math.log1p((y - right) / right)
            panel.growth[3, m] = math.log1p((right - y) / (1.0 - right))


def extrapolate(r: int, end: int, p: float, q: float, room: Room) -> None:
    """Densities at the nodes from that at the end where it is larger; 0 where it is 0 at both."""
    panel, ends = room.panel, room.ends
    left, right = ends.density[HALVINGS, r], ends.density[end, r]
    first, known = (0, left) if left >= right else (2, right)
    for m in range(panel.x.shape[0]):
        panel.density[r, m] = 0.0
    if known > 0.0:
        for m in range(panel.x.shape[0]):
            panel.density[r, m] = known * math.exp(p * panel.growth[first, m] + q * panel.growth[first + 1, m])


def sum_up(r: int, end: int, half: float, room: Room) -> float:
    """Probabilities of exceeding the nodes, from that at the right end on; returns the integral over the panel."""
    panel, above, whole = room.panel, room.panel.many.above, 0.0
    for m in range(panel.x.shape[0]):
        panel.exceeds[r, m] = room.ends.exceeds[end, r]
    for node in range(panel.x.shape[0]):
        whole += panel.weight[node] * panel.density[r, node]
        height = half * panel.density[r, node]
        for m in range(panel.x.shape[0]):
            panel.exceeds[r, m] += height * above[node, m]
    return whole
