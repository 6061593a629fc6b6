"""One decision of a page: the captions of the largest scores, largest first.

The m cold captions of a tier have equal statistics, hence m draws of one score: only their largest are drawn, as order
statistics, and chance says which captions they are. So a decision costs as much as there are tried captions.

Plain functions of the traffic kernel, which binds the names that are declared here.
"""

import math
from collections.abc import Callable

import numpy as np

from policies.maths.draws import arm_key, uniform
from sim.kernels import unbound
from sim.worlds.base import Params
from sim.worlds.sorted_arrays import insert_at
from sim.worlds.traffic.bank.pool import cold_of
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.selection.agency_lock import stop_at_clash
from sim.worlds.traffic.selection.composite import DRAW, drop_excluded
from sim.worlds.traffic.selection.likely import gather_likely, is_certain
from sim.worlds.traffic.selection.replaced import replaced_quantile, replaced_score

prepare: Callable[..., None] = unbound("prepare")
quantile: Callable[..., float] = unbound("quantile")
score: Callable[..., float] = unbound("score")
summarise: Callable[..., tuple[float, float]] = unbound("summarise")
support: Callable[..., tuple[float, float]] = unbound("support")
ABORTS: bool = unbound("ABORTS")  # whether a locked caption aborts the page's call
COMPOSITE: bool = unbound("COMPOSITE")  # whether the composite score ranks
CONSTRAINED: bool = unbound("CONSTRAINED")  # whether budgets apply
DETERMINISTIC: bool = unbound("DETERMINISTIC")
POOLED: bool = unbound("POOLED")
PRUNE: bool = unbound("PRUNE")
READS_TRIED: bool = unbound("READS_TRIED")  # whether `prepare` reads arms, but no cold ones
REPLACES: bool = unbound("REPLACES")
SKIPS: bool = unbound("SKIPS")  # whether captions whose composite score cannot be among the best are left out
VECTORISE: bool = unbound("VECTORISE")


def decide(tier: int, eligible: int, wanted: int, key: np.uint64, row: Row, params: Params) -> int:
    """One decision, without the captions whose budget is used up, and up to the first that aborts the call."""
    found = rank(tier, eligible, wanted, key, row, params)
    if CONSTRAINED:
        found = drop_excluded(found, row)
    return stop_at_clash(found, row) if ABORTS else found


def rank(tier: int, eligible: int, wanted: int, key: np.uint64, row: Row, params: Params) -> int:
    """One decision: positions of the `wanted` largest scores, largest first, ties broken uniformly; how many.

    Positions from `eligible` on are of cold captions.
    """
    if SKIPS:
        return rank_likely(tier, eligible, wanted, key, row, params)
    if REPLACES and row.page.replaced:
        return rank_replaced(tier, eligible, wanted, key, row)
    arms, state = eligible + cold_of(tier, row), row.state[tier]
    shown = eligible if READS_TRIED else arms
    prepare(row.sums.sends, row.work.n[:shown], row.work.a[:shown], row.work.b[:shown], params, state, key)
    # Cold ones first: little is known of them, and few tried ones then make it into the list.
    found = rank_cold(tier, eligible, wanted, key, row, params) if POOLED else 0
    if VECTORISE:
        return rank_at_once(tier, eligible, found, wanted, key, row, params)
    return rank_tried(tier, eligible, found, wanted, key, row, params)


def rank_likely(tier: int, eligible: int, wanted: int, key: np.uint64, row: Row, params: Params) -> int:
    """The same of a composite selection in which captions with too low a score were left out, as far as possible."""
    found = rank_tried(tier, eligible, 0, wanted, key, row, params)
    while not is_certain(tier, eligible, found, wanted, row):
        gather_likely(tier, row.page.least[tier], row)
        found = rank_tried(tier, eligible, 0, wanted, key, row, params)
    return found


def rank_replaced(tier: int, eligible: int, wanted: int, key: np.uint64, row: Row) -> int:
    """The same while the sampling function is replaced."""
    u, cold, found = 1.0, cold_of(tier, row) if POOLED else 0, 0
    for j in range(min(cold, wanted)):
        u *= uniform(arm_key(key, 2 * eligible + j)) ** (1.0 / (cold - j))
        row.work.score[j], row.work.luck[j], row.work.chosen[j] = replaced_quantile(u), u, eligible + j
        found += 1
    for i in range(eligible):
        history = row.tried.history[row.work.eligible[i]]
        value = total_of(replaced_score(history.n, history.s, arm_key(key, i)), i, row)
        if found < wanted or value >= row.work.score[found - 1]:
            found = push_ranked(i, value, uniform(arm_key(key, eligible + i)), found, wanted, row)
    return found


def rank_cold(tier: int, eligible: int, wanted: int, key: np.uint64, row: Row, params: Params) -> int:
    """List the best of the tier's cold captions; returns how many.

    The largest of m uniforms has the distribution of one to the power of 1/m, the next is the largest of m − 1 below it
    (Rényi 1953). Where the quantile is flat they break ties as independent uniforms would.
    """
    a, b = summarise(0.0, 0.0, 0.0, 0.0, params)
    u, cold, found = 1.0, cold_of(tier, row), 0
    for j in range(min(cold, wanted)):
        luck = arm_key(key, 2 * eligible + j)
        u *= uniform(luck) ** (1.0 / (cold - j))
        value = (
            score(a, b, row.state[tier], params, luck) if DETERMINISTIC else quantile(a, b, row.state[tier], params, u)
        )
        if math.isnan(value):
            break
        row.work.score[j], row.work.luck[j], row.work.chosen[j] = value, u, eligible + j
        found += 1
    return found


def rank_tried(tier: int, eligible: int, found: int, wanted: int, key: np.uint64, row: Row, params: Params) -> int:
    """Let the best of the eligible captions into the list; returns its length."""
    a, b, state = row.work.a[:eligible], row.work.b[:eligible], row.state[tier]
    least = row.work.score[found - 1] if found == wanted else -math.inf
    for j in range(row.page.likely if SKIPS else eligible):
        i = row.work.likely[j] if SKIPS else j
        if PRUNE and total_of(support(a[i], b[i], state, params)[1], i, row) < least:
            continue
        value = total_of(score(a[i], b[i], state, params, arm_key(key, i)), i, row)
        if math.isnan(value) or value < least:
            continue
        luck = uniform(arm_key(key, eligible + i))
        # Of thousands with the same score most have too little luck.
        if found < wanted or below(least, row.work.luck[found - 1], value, luck):
            found = push_ranked(i, value, luck, found, wanted, row)
            least = row.work.score[found - 1] if found == wanted else -math.inf
    return found


def total_of(value: float, i: int, row: Row) -> float:
    """The score by which the eligible caption at position `i` is ranked: the policy's, or the composite one."""
    return DRAW * value + row.work.bonus[i] if COMPOSITE else value


def rank_at_once(tier: int, eligible: int, found: int, wanted: int, key: np.uint64, row: Row, params: Params) -> int:
    """The same where scores are plain arithmetic, of which a processor does several at once."""
    a, b, values, state = row.work.a[:eligible], row.work.b[:eligible], row.work.n[:eligible], row.state[tier]
    for i in range(eligible):
        values[i] = score(a[i], b[i], state, params, arm_key(key, i))
    least = row.work.score[found - 1] if found == wanted else -math.inf
    for i in range(eligible):
        if values[i] >= least:
            found = push_ranked(i, values[i], uniform(arm_key(key, eligible + i)), found, wanted, row)
            least = row.work.score[found - 1] if found == wanted else -math.inf
    return found


def push_ranked(i: int, value: float, luck: float, found: int, wanted: int, row: Row) -> int:
    """Insert one caption into the list of the best, by (score, luck); returns the list's length."""
    work, place = row.work, found
    while place > 0 and below(work.score[place - 1], work.luck[place - 1], value, luck):
        place -= 1
    if place < wanted:
        last = min(found, wanted - 1)
        insert_at(work.score, last, place, value)
        insert_at(work.luck, last, place, luck)
        insert_at(work.chosen, last, place, i)
    return min(found + 1, wanted)


def below(score_a: float, luck_a: float, score_b: float, luck_b: float) -> bool:
    """Whether (score, luck) of a is smaller than that of b."""
    return score_a < score_b or (score_a == score_b and luck_a < luck_b)
