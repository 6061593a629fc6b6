"""With which probability each chosen caption is chosen: exact where the policy's law is known, else from redraws.

Plain functions of the traffic kernel, which binds the names that are declared here.
"""

from collections.abc import Callable

import numpy as np

from policies.maths.draws import mix, uniform
from sim.kernels import unbound
from sim.worlds.base import Params
from sim.worlds.selection.chances import HITS, MOST, REDRAW, chance_of, copy, is_exact, weigh
from sim.worlds.selection.entries import Arms
from sim.worlds.selection.room import room_for
from sim.worlds.traffic.bank.pool import cold_of
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.selection.composite import DRAW
from sim.worlds.traffic.selection.ranking import decide

summarise: Callable[..., tuple[float, float]] = unbound("summarise")
ABORTS: bool = unbound("ABORTS")
COMPOSITE: bool = unbound("COMPOSITE")  # whether the composite score ranks
DISTRIBUTED: bool = unbound("DISTRIBUTED")
REPLACES: bool = unbound("REPLACES")


def note_chances(tier: int, eligible: int, wanted: int, found: int, key: np.uint64, row: Row, params: Params) -> None:
    """Write into `row.work.chances` with which probability each of the chosen is among the `wanted` of this decision.

    Cold captions, which are equal, share the place behind the eligible ones. A replaced sampling function has no
    declared law.
    """
    if is_exact(wanted, COMPOSITE) and not ABORTS and not (REPLACES and row.page.replaced):
        integrate_chances(tier, eligible, wanted, found, row, params)
    else:
        redraw(tier, eligible, wanted, found, key, row, params)


def integrate_chances(tier: int, eligible: int, wanted: int, found: int, row: Row, params: Params) -> None:
    """The exact ones. Captions whose score has one law are copies of one entry, the cold ones among them."""
    work, entries, state = row.work, 0, row.state[tier]
    for i in range(eligible):
        bonus = work.bonus[i] if COMPOSITE else 0.0
        entries = enter(i, work.a[i], work.b[i], bonus, 1.0, entries, row)
    if cold_of(tier, row) > 0:
        a, b = summarise(0.0, 0.0, 0.0, 0.0, params)
        entries = enter(eligible, a, b, 0.0, cold_of(tier, row), entries, row)
    laws, scale = work.laws, DRAW if COMPOSITE else 1.0
    arms = Arms(laws[0, :entries], laws[1, :entries], work.copies[:entries], laws[2, :entries], scale)
    out = work.values[:entries]
    fixed = weigh(wanted, arms, params, state, room_for(wanted, work.room), out)
    for place in range(found):
        i = min(work.chosen[place], eligible)
        work.chances[i] = chance_of(work.hits[i], wanted, fixed, arms, params, state, out)


def enter(position: int, a: float, b: float, bonus: float, copies: float, entries: int, row: Row) -> int:
    """Count the caption at `position` as copies of an equal entry, or as a new one; returns the number of entries.

    The integral then costs as much as there are different captions: of few labels most pages know few different counts.
    """
    work, entry = row.work, 0 if DISTRIBUTED else entries  # without a law a chance may depend on all arms one by one
    while entry < entries and (work.laws[0, entry] != a or work.laws[1, entry] != b or work.laws[2, entry] != bonus):
        entry += 1
    if entry == entries:
        work.laws[0, entry], work.laws[1, entry], work.laws[2, entry], work.copies[entry] = a, b, bonus, 0.0
        entries += 1
    work.copies[entry] += copies
    work.hits[position] = entry
    return entries


def redraw(tier: int, eligible: int, wanted: int, found: int, key: np.uint64, row: Row, params: Params) -> None:
    """HITS / the number of redraws that choose a caption so often, whose inverse is right on average.

    Of cold captions a redraw hits where a place drawn at random goes to one of them.
    """
    work, draws = row.work, 0
    copy(row.state[tier], work.states[1])
    missing = await_hits(eligible, found, row)
    while missing > 0 and draws < MOST:
        draws += 1
        copy(work.states[0], row.state[tier])
        again = mix(key + REDRAW * np.uint64(draws))
        drawn = decide(tier, eligible, wanted, again, row, params)
        place = int(uniform(mix(again)) * wanted)
        for i in range(drawn):
            position = work.chosen[i]
            if position < eligible or i == place:
                missing -= count_hit(min(position, eligible), draws, row)
    finish_hits(eligible, wanted, found, draws, cold_of(tier, row), row)
    copy(work.states[1], row.state[tier])


def await_hits(eligible: int, found: int, row: Row) -> int:
    """Mark what was chosen, of which the hits are counted; returns how many."""
    missing = 0
    for i in range(eligible + 1):
        row.work.hits[i] = HITS
    for i in range(found):
        row.work.sent[i] = row.work.chosen[i]
        position = min(row.work.chosen[i], eligible)
        missing += row.work.hits[position] == HITS
        row.work.hits[position] = 0
    return missing


def count_hit(position: int, draws: int, row: Row) -> int:
    """Count a hit; 1 if it was the last that is needed, else 0."""
    if row.work.hits[position] == HITS:
        return 0
    row.work.hits[position] += 1
    if row.work.hits[position] < HITS:
        return 0
    row.work.chances[position] = HITS / draws
    return 1


def finish_hits(eligible: int, wanted: int, found: int, draws: int, cold: int, row: Row) -> None:
    """Put the choice back; where redraws ran out take the share of those made."""
    for i in range(found):
        row.work.chosen[i] = row.work.sent[i]
        position = min(row.work.sent[i], eligible)
        if row.work.hits[position] < HITS:
            row.work.chances[position] = max(row.work.hits[position], 1) / draws
            row.work.hits[position] = HITS
    if cold > 0:
        row.work.chances[eligible] *= wanted / cold
