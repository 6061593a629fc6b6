"""Work space of `inclusion`, and the nodes of its quadrature. What it holds between two calls does not matter."""

from typing import Any, NamedTuple

import numpy as np

HALVINGS = 60
FEW, MANY = 4, 16


class Nodes(NamedTuple):
    """Gauss–Legendre quadrature on [−1, 1]."""

    places: Any
    """(nodes,)."""
    weights: Any
    """(nodes,)."""
    above: Any
    """(nodes, nodes): [q, m] is the integral from node m to 1 of the polynomial that is 1 at node q, 0 at others."""


class Panel(NamedTuple):
    """Values at the nodes of one panel."""

    few: Nodes
    many: Nodes
    x: Any
    """(MANY,): rank values."""
    weight: Any
    """(MANY,)."""
    growth: Any
    """(4, MANY): of ln y and of ln(1 − y), y the score, from the left end to each node; the same from the right end."""
    product: Any
    """(MANY,): probability that all arms are below."""
    exceeds: Any
    """(entries, MANY): probability of exceeding x, of each rival."""
    density: Any
    """(entries, MANY)."""
    part: Any
    """(entries,): integrals over the panel."""


class Ends(NamedTuple):
    """Ends of panels: the right ones of those that wait, and in the last row the left one of the next panel."""

    x: Any
    """(HALVINGS + 1,): rank values."""
    exceeds: Any
    """(HALVINGS + 1, entries): probability of exceeding x, of each rival."""
    density: Any
    """(HALVINGS + 1, entries)."""
    sure: Any
    """(HALVINGS + 1,): P(fewer than k arms exceed x)."""
    number: Any
    """(HALVINGS + 1,): E min(k, number of arms that exceed x)."""


class Counts(NamedTuple):
    """Probabilities of how many exceed x, from none to k − 1."""

    before: Any
    """(entries + 1, k): of the entries before this one."""
    after: Any
    """(k,): of those behind it."""
    alone: Any
    """(k,): of one entry."""


class Room(NamedTuple):
    """All of them, and who can be among the k largest."""

    panel: Panel
    ends: Ends
    counts: Counts
    rivals: Any
    """(entries,): the entries that can be among the k largest at all, int64."""
    highs: Any
    """(entries,): the end of each rival's support."""


def new_room(entries: int, k: int) -> Room:
    """Work space for up to so many entries and places."""
    at_nodes, at_ends, rows = (entries, MANY), (HALVINGS + 1, entries), HALVINGS + 1
    few, many = _nodes(FEW), _nodes(MANY)
    x, weight, product, part = np.empty(MANY), np.empty(MANY), np.empty(MANY), np.empty(entries)
    return Room(
        Panel(few, many, x, weight, np.empty((4, MANY)), product, np.empty(at_nodes), np.empty(at_nodes), part),
        Ends(np.empty(rows), np.empty(at_ends), np.empty(at_ends), np.empty(rows), np.empty(rows)),
        Counts(np.empty((entries + 1, k)), np.empty(k), np.empty(k)),
        np.empty(entries, np.int64),
        np.empty(entries),
    )


def room_for(k: int, room: Room) -> Room:
    """The part of `room` that k places need."""
    counts = Counts(room.counts.before[:, :k], room.counts.after[:k], room.counts.alone[:k])
    return Room(room.panel, room.ends, counts, room.rivals, room.highs)


def _nodes(size: int) -> Nodes:
    places, weights = np.polynomial.legendre.leggauss(size)
    values = np.polynomial.legendre.legvander(places, size)  # (nodes, degrees up to size)
    degree = np.arange(1, size)
    # The integral from x to 1 of the Legendre polynomial of degree n is (P(n − 1) − P(n + 1)) / (2n + 1) at x.
    integrals = (values[:, degree - 1] - values[:, degree + 1]) / (2.0 * degree + 1.0)
    integrals = np.column_stack([1.0 - places, integrals])
    above = weights[:, None] * ((np.arange(size) + 0.5) * values[:, :size]) @ integrals.T
    return Nodes(places, weights, np.ascontiguousarray(above))
