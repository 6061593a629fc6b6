"""Which captions a page sends in a day: the best by the policy's score, tier by tier, among those eligible.

The m cold captions of a tier have equal statistics, hence m draws of one score: only their largest are drawn, as order
statistics, and chance says which captions they are. So a decision costs as much as there are tried captions.

Plain functions of the traffic kernel, which binds the policy's `summarise`, `prepare`, `score`, `quantile`,
`support` and `weight`, and `VECTORISE`, `POOL` (only captions of a random pool are ranked), `PRUNE`,
`DETERMINISTIC`, `POOLED` (cold captions are equals), `RECOMPUTE`, `WEIGHTED`, `RECORD`,
`DISCOUNTED`, `WINDOWED`, for policies that read sales `READS_SALES`, `observe_sales`, `summarise_sales`,
for those that read the fleet `READS_FLEET`, and for those that read rests `READS_REST`, `recover`.
"""

import math
from collections.abc import Callable

import numpy as np

from policies.maths.draws import arm_key, mix, pull_key, uniform
from sim.kernels import unbound
from sim.units import DAY_S
from sim.worlds.base import Params
from sim.worlds.selection.chances import HITS, MOST, REDRAW, chance_of, copy, is_exact, weigh
from sim.worlds.selection.inclusion import Arms, room_for
from sim.worlds.sorted_arrays import insert_at
from sim.worlds.traffic.bank.turnover import take
from sim.worlds.traffic.composite import DRAW, bonus_of, drop_excluded, is_excluded, note_uses, prepare_classes
from sim.worlds.traffic.diagnostics import expect_free, note_constraints_cost
from sim.worlds.traffic.fleet import fit_fleet, summarise_with_fleet
from sim.worlds.traffic.records import BUMP, BY_HAND, RATE, USD, Record, Row
from sim.worlds.traffic.regret import assumed_wear, expect, missed, rate_on
from sim.worlds.traffic.replaced import replaced_quantile, replaced_score
from sim.worlds.traffic.update_job import recall, refresh_score

observe_sales: Callable[..., None] = unbound("observe_sales")
prepare: Callable[..., None] = unbound("prepare")
quantile: Callable[..., float] = unbound("quantile")
recover: Callable[..., tuple[float, float]] = unbound("recover")
score: Callable[..., float] = unbound("score")
summarise: Callable[..., tuple[float, float]] = unbound("summarise")
summarise_sales: Callable[..., tuple[float, float]] = unbound("summarise_sales")
support: Callable[..., tuple[float, float]] = unbound("support")
weight: Callable[..., float] = unbound("weight")
COMPOSITE: bool = unbound("COMPOSITE")  # whether the composite score ranks
CONSTRAINED: bool = unbound("CONSTRAINED")  # whether budgets apply
DETERMINISTIC: bool = unbound("DETERMINISTIC")
DISCOUNTED: bool = unbound("DISCOUNTED")
POOLED: bool = unbound("POOLED")
POOL: bool = unbound("POOL")
PRUNE: bool = unbound("PRUNE")
READS_FLEET: bool = unbound("READS_FLEET")
READS_REST: bool = unbound("READS_REST")
READS_SALES: bool = unbound("READS_SALES")
RECOMPUTE: bool = unbound("RECOMPUTE")
RECORD: bool = unbound("RECORD")
REPLACES: bool = unbound("REPLACES")
VECTORISE: bool = unbound("VECTORISE")
WEIGHTED: bool = unbound("WEIGHTED")
WINDOWED: bool = unbound("WINDOWED")

TIERS = BUMP + 1


def choose_day(day: int, row: Row, params: Params) -> None:
    """Fill the page's slots of `day`, which are laid out, with captions."""
    if DISCOUNTED or WINDOWED:
        recall(row)
    for tier in range(TIERS):
        wanted = wanted_of(tier, row)
        if tier == BUMP and row.rules.bump_by_hand:
            send_by_hand(row)
        elif wanted > 0:
            if CONSTRAINED:
                prepare_classes(tier, row)
            eligible = gather_today(tier, day, row, params)
            # A policy is never asked about nothing.
            arms = eligible + cold_of(tier, row)
            found = choose(tier, day, eligible, wanted, row, params) if arms > 0 else 0
            if found == 0 and arms > 0 and not CONSTRAINED:
                raise ValueError("every score is NaN")
            if tier != BUMP:
                expect_free(tier, day, wanted, row)
            assign(tier, day, found, eligible, row, params)
            if tier != BUMP:
                note_constraints_cost(tier, day, found, wanted, row)
            row.sums.unfilled += wanted - found
    if CONSTRAINED:
        note_uses(day, row)


def cold_of(tier: int, row: Row) -> int:
    """How many cold captions of a tier can be chosen."""
    return row.page.pool_cold[tier] if POOL else row.page.cold[tier]  # type: ignore[no-any-return]


def send_by_hand(row: Row) -> None:
    """Leave the unpriced slots to messages without a caption: as deployed, none can be selected for them."""
    for place in range(row.page.slots):
        if row.plan[place].tier == BUMP:
            row.plan[place].caption = BY_HAND
            row.sums.unfilled += 1


def wanted_of(tier: int, row: Row) -> int:
    """How many slots of the day ask for this tier."""
    count = 0
    for slot in range(row.page.slots):
        count += row.plan[slot].tier == tier
    return count


def gather_today(tier: int, day: int, row: Row, params: Params) -> int:
    """Gather the captions that are eligible on `day`; where there are none, the policy has observed nothing."""
    if READS_SALES or READS_FLEET:
        copy(row.state[tier], row.work.states[0])
    eligible = gather(tier, day, day * DAY_S - row.rules.cool_down_s, row, params)
    if (READS_SALES or READS_FLEET) and eligible + cold_of(tier, row) == 0:
        copy(row.work.states[0], row.state[tier])
    return eligible


def gather(tier: int, day: int, latest: int, row: Row, params: Params) -> int:
    """Copy a tier's tried captions that were last used by `latest` into the work space; returns how many there are.

    With a pool they are those of the pool; the others, which only a clairvoyant chooses, come behind them.
    """
    if READS_SALES:
        fit_sales(tier, row, params)
    if READS_FLEET:
        fit_fleet(tier, row, params)
    count = gather_from(1, 0, tier, day, latest, row, params)
    if POOL:
        row.page.outside = gather_from(0, count, tier, day, latest, row, params) - count
    return count


def gather_from(pooled: int, count: int, tier: int, day: int, latest: int, row: Row, params: Params) -> int:
    """The same from position `count` on, with a pool only of captions inside (1) or outside (0); the next position."""
    start = row.page.tried_start[tier]
    for c in range(start, start + row.page.tried[tier]):
        caption = row.tried.captions[c]
        if POOL and caption.pooled != pooled:
            continue
        if RECOMPUTE and caption.last_used <= latest:
            refresh_score(c, rate_on(day, c, row), row, params)
        if READS_FLEET:
            summarise_with_fleet(c, tier, row, params)
        elif READS_SALES:
            summarise_caption(c, tier, row, params)
        # Copied first and counted then: a branch on who is cooling would be mispredicted.
        row.work.eligible[count], row.work.a[count], row.work.b[count] = c, caption.a, caption.b
        if READS_REST and caption.last_used >= 0:
            rest, left = float(day * DAY_S - caption.last_used) / DAY_S, 1.0 - assumed_wear(day, c, row)
            row.work.a[count], row.work.b[count] = recover(caption.a, caption.b, rest, left, params)
        if not POOLED:
            row.work.n[count] = row.tried.history[c].n
        if CONSTRAINED:
            count += note_constraints(c, count, row) and caption.last_used <= latest
        else:
            count += caption.last_used <= latest
    return count


def note_constraints(c: int, position: int, row: Row) -> bool:
    """Write the bonus of a caption that may become eligible; whether its price tier and its budget let it be ranked."""
    excluded = is_excluded(c, row)
    row.work.bonus[position], row.work.barred[position] = bonus_of(c, row), excluded
    selectable = not math.isnan(row.bank.dollars[row.tried.captions[c].place])
    return selectable and (not excluded or row.rules.rank_defect > 0)


def fit_sales(tier: int, row: Row, params: Params) -> None:
    """Show the policy the sales of all the tier's captions."""
    start = row.page.tried_start[tier]
    for c in range(start, start + row.page.tried[tier]):
        history = row.tried.history[c]
        price = float(row.tried.captions[c].price)
        purchased, messages = float(history.purchased), float(history.messages)
        observe_sales(history.viewed, purchased, messages, price, row.state[tier], params)


def summarise_caption(c: int, tier: int, row: Row, params: Params) -> None:
    """Bring `a` and `b` of a caption up to its sales and to the policy's fit."""
    caption, history = row.tried.captions[c], row.tried.history[c]
    purchased, messages, price = float(history.purchased), float(history.messages), float(caption.price)
    caption.a, caption.b = summarise_sales(history.viewed, purchased, messages, price, row.state[tier], params)


def choose(tier: int, day: int, eligible: int, wanted: int, row: Row, params: Params) -> int:
    """Choose `wanted` of the eligible and the cold captions, or all; returns how many, best first in `row.work.chosen`.

    There they are places among the tried, since every chosen caption is tried.
    """
    key = pull_key(row.page.policy_key, day * TIERS + tier)
    if RECORD:
        copy(row.state[tier], row.work.states[0])
    found = decide(tier, eligible, wanted, key, row, params)
    if RECORD:
        note_chances(tier, eligible, wanted, found, key, row, params)
    if tier != BUMP:
        expect(tier, day, eligible + row.page.outside if POOL else eligible, found, row)
    return found


def decide(tier: int, eligible: int, wanted: int, key: np.uint64, row: Row, params: Params) -> int:
    """One decision, without the captions whose budget is used up."""
    found = rank(tier, eligible, wanted, key, row, params)
    return drop_excluded(found, row) if CONSTRAINED else found


def rank(tier: int, eligible: int, wanted: int, key: np.uint64, row: Row, params: Params) -> int:
    """One decision: positions of the `wanted` largest scores, largest first, ties broken uniformly; how many.

    Positions from `eligible` on are of cold captions.
    """
    if REPLACES and row.page.replaced:
        return rank_replaced(tier, eligible, wanted, key, row)
    arms, state = eligible + cold_of(tier, row), row.state[tier]
    prepare(row.sums.sends, row.work.n[:arms], row.work.a[:arms], row.work.b[:arms], params, state, key)
    # Cold ones first: little is known of them, and few tried ones then make it into the list.
    found = rank_cold(tier, eligible, wanted, key, row, params) if POOLED else 0
    if VECTORISE:
        return rank_at_once(tier, eligible, found, wanted, key, row, params)
    return rank_tried(tier, eligible, found, wanted, key, row, params)


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
    for i in range(eligible):
        full = found == wanted
        if PRUNE and full and total_of(support(a[i], b[i], state, params)[1], i, row) < row.work.score[found - 1]:
            continue
        value = total_of(score(a[i], b[i], state, params, arm_key(key, i)), i, row)
        if math.isnan(value) or (full and value < row.work.score[found - 1]):
            continue
        found = push_ranked(i, value, uniform(arm_key(key, eligible + i)), found, wanted, row)
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


def note_chances(tier: int, eligible: int, wanted: int, found: int, key: np.uint64, row: Row, params: Params) -> None:
    """Write into `row.work.chances` with which probability each of the chosen is among the `wanted` of this decision.

    Cold captions, which are equal, share the place behind the eligible ones.
    """
    if is_exact(wanted, COMPOSITE):
        integrate_chances(tier, eligible, wanted, found, row, params)
    else:
        redraw(tier, eligible, wanted, found, key, row, params)


def integrate_chances(tier: int, eligible: int, wanted: int, found: int, row: Row, params: Params) -> None:
    """The exact ones; with cold captions as copies of one entry."""
    work, cold, state = row.work, cold_of(tier, row), row.state[tier]
    entries = eligible
    if cold > 0:
        entries += 1
        work.a[eligible], work.b[eligible] = summarise(0.0, 0.0, 0.0, 0.0, params)
    for i in range(entries):
        work.copies[i] = 1.0 if i < eligible else cold
    shift, scale = (work.bonus[:entries], DRAW) if COMPOSITE else (work.bonus[:0], 1.0)
    arms, out = Arms(work.a[:entries], work.b[:entries], work.copies[:entries], shift, scale), work.values[:entries]
    fixed = weigh(wanted, arms, params, state, room_for(wanted, work.room), out)
    for place in range(found):
        i = min(work.chosen[place], eligible)
        work.chances[i] = chance_of(i, wanted, fixed, arms, params, state, out)


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


def assign(tier: int, day: int, found: int, eligible: int, row: Row, params: Params) -> None:
    """Give the chosen captions, best first, to the tier's slots in the day's shuffled order; note what was missed."""
    taken = 0
    key = pull_key(row.page.policy_key, day * TIERS + tier)
    for place in range(row.page.slots):
        slot = row.plan[row.work.order[place]]
        if slot.tier == tier:
            slot.regret, slot.regret_usd, slot.caption = 0.0, 0.0, -1
            if taken < found:
                i = row.work.chosen[taken]
                if RECORD:
                    slot.propensity = row.work.chances[min(i, eligible)]
                luck = arm_key(key, 2 * eligible + found + taken)
                row.work.chosen[taken] = tried_place(tier, i, eligible, luck, row, params)
                fill(slot, tier, day, row.work.chosen[taken], row.work.best[RATE, found - 1], row, params)
            taken += 1
    if tier != BUMP and found > 0:
        note_missed(tier, missed(RATE, day, found, row), missed(USD, day, found, row), row)


def tried_place(tier: int, i: int, eligible: int, luck: np.uint64, row: Row, params: Params) -> int:
    """The place among the tried of the caption chosen at position `i`; chance says which of the cold ones it is."""
    if i < eligible:
        return row.work.eligible[i]  # type: ignore[no-any-return]
    return take(tier, luck, row, params)


def fill(slot: Record, tier: int, day: int, c: int, least: float, row: Row, params: Params) -> None:
    """Put a chosen caption into a slot."""
    slot.caption = c
    slot.best = tier != BUMP and rate_on(day, c, row) >= least
    if WEIGHTED:
        slot.weight = weight(row.tried.captions[c].a, row.tried.captions[c].b, row.state[tier], params)


def note_missed(tier: int, regret: float, regret_usd: float, row: Row) -> None:
    """Write the regret of a tier's day into its slots."""
    for place in range(row.page.slots):
        if row.plan[place].tier == tier:
            row.plan[place].regret, row.plan[place].regret_usd = regret, regret_usd
