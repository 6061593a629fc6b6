"""How many arms exceed a value: probabilities below k, as products of two-term polynomials. All terms are positive.

Leaving one arm out needs no division: the products from the left and from the right are kept.
"""

import math

from sim.worlds.base import Floats
from sim.worlds.selection.entries import Arms
from sim.worlds.selection.room import Room


def start(terms: Floats) -> None:
    """Nobody exceeds."""
    for m in range(terms.shape[0]):
        terms[m] = 0.0
    terms[0] = 1.0


def join(terms: Floats, chance: float, copies: float, alone: Floats) -> None:
    """Let `copies` more arms exceed, each with this probability: a product with the terms of their number."""
    k = terms.shape[0]
    if copies == 1.0:
        for m in range(k - 1, 0, -1):
            terms[m] = terms[m] * (1.0 - chance) + terms[m - 1] * chance
        terms[0] *= 1.0 - chance
        return
    binomial(copies, chance, alone)
    for m in range(k - 1, -1, -1):
        value = 0.0
        for j in range(m + 1):
            value += terms[m - j] * alone[j]
        terms[m] = value


def binomial(copies: float, chance: float, terms: Floats) -> None:
    """P(m of `copies` exceed) for m from 0 on."""
    for m in range(terms.shape[0]):
        terms[m] = 1.0 if chance >= 1.0 and m == copies else 0.0
    if chance < 1.0:
        terms[0] = math.exp(copies * math.log1p(-chance))
        for m in range(1, terms.shape[0]):
            terms[m] = terms[m - 1] * max(0.0, copies - m + 1.0) / m * chance / (1.0 - chance)


def total_of(terms: Floats) -> float:
    """The sum."""
    total = 0.0
    for value in terms:
        total += value
    return total


def expected(terms: Floats) -> float:
    """E min(k, number), given the probabilities below k."""
    k = terms.shape[0]
    missing = 0.0
    for m in range(k):
        missing += (k - m) * terms[m]
    return float(k - missing)


def below_k(k: int, before: Floats, after: Floats) -> float:
    """P(the sum of two independent numbers is below k), from the probabilities of each below k."""
    reached, total = 0.0, 0.0
    for m in range(k):
        reached += before[m]
        total += after[k - 1 - m] * reached
    return total


def copy_terms(source: Floats, target: Floats) -> None:
    """Copy numbers one by one."""
    for m in range(source.shape[0]):
        target[m] = source[m]


def add_node(k: int, node: int, found: int, arms: Arms, room: Room) -> None:
    """Add weight × density × P(fewer than k of the others exceed x) of every rival at one node."""
    start_from_left(node, found, arms, room)
    panel, counts = room.panel, room.counts
    start(counts.after)
    for r in range(found - 1, -1, -1):
        copies, chance = arms.copies[room.rivals[r]], panel.exceeds[r, node]
        if copies > 1.0:
            join(counts.before[r], chance, copies - 1.0, counts.alone)
        if panel.density[r, node] > 0.0:
            others = below_k(k, counts.before[r], counts.after)
            panel.part[r] += panel.weight[node] * panel.density[r, node] * others
        join(counts.after, chance, copies, counts.alone)


def start_from_left(node: int, found: int, arms: Arms, room: Room) -> None:
    """Fill `before` with how many of the rivals before each one exceed x."""
    before = room.counts.before
    start(before[0])
    for r in range(found):
        copy_terms(before[r], before[r + 1])
        join(before[r + 1], room.panel.exceeds[r, node], arms.copies[room.rivals[r]], room.counts.alone)


def add_wins(nodes: int, found: int, arms: Arms, room: Room) -> None:
    """The same at all nodes where one is sent: the probability that all are below, over that of the arm itself.

    A division costs no digits, since the factor that it takes out is the number that was multiplied in. Where the
    product is 0, nobody is the largest with a probability above the smallest number.
    """
    multiply(nodes, found, arms, room)
    panel = room.panel
    for r in range(found):
        total = 0.0
        for m in range(nodes):
            below = 1.0 - panel.exceeds[r, m]
            total += panel.product[m] * panel.density[r, m] / (below if below > 0.0 else 1.0)
        panel.part[r] = total


def multiply(nodes: int, found: int, arms: Arms, room: Room) -> None:
    """Fill `product` with weight × P(all arms are below x)."""
    panel = room.panel
    for m in range(nodes):
        panel.product[m] = panel.weight[m]
    for r in range(found):
        copies = arms.copies[room.rivals[r]]
        for m in range(nodes):
            below = 1.0 - panel.exceeds[r, m]
            panel.product[m] *= below if copies == 1.0 else math.pow(below, copies)
