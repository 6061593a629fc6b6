"""The kernel of the traffic world: one row at a time, from one moment to another, in one compiled call.

A row's events in order of time: a load of the send log, a refresh of the statistics, the beginning of a day (captions
are chosen), a send; at one moment in this order. Cost grows with messages and captions scored, never with fans. `play`
is a template for `sim.kernels.specialise`; the modules of `selection` and `feedback` declare the names that it binds.
"""

import math

from policies.maths.draws import arm_key, gamma, normal, pull_key, uniform
from sim.kernels import force_inline, unbound
from sim.references import by_reference
from sim.units import DAY_S, WEEK_DAYS
from sim.worlds.base import Counts, Params
from sim.worlds.count_draws import binomial
from sim.worlds.traffic.bank.pool import keep_pools
from sim.worlds.traffic.bank.reprice import reprice
from sim.worlds.traffic.bank.turnover import begin_week
from sim.worlds.traffic.day_plan import SLOTS, plan_day
from sim.worlds.traffic.feedback.labels import emv_of, wrapped
from sim.worlds.traffic.feedback.update_job import expire, load, refresh
from sim.worlds.traffic.fleet import share
from sim.worlds.traffic.metrics.allocation import tally
from sim.worlds.traffic.metrics.diagnostics import note_send
from sim.worlds.traffic.metrics.lockout import locked_out
from sim.worlds.traffic.metrics.regret import assumed_wear, rate_on, wear_on
from sim.worlds.traffic.records import BUMP, BY_HAND, NOT_FILLED, Record
from sim.worlds.traffic.rows import (
    Block,
    Row,
    Snapshots,
    bank_of,
    batch_of,
    fleet_of,
    job_of,
    tables_of,
    tried_of,
    used_of,
)
from sim.worlds.traffic.selection.choose import choose_day
from sim.worlds.traffic.timetable import ATTRIBUTION as ATTRIBUTED
from sim.worlds.traffic.timetable import AUDIENCE, EXPIRY, FAR, PRICES, REPLACED

POOL: bool = unbound("POOL")
RECORD: bool = unbound("RECORD")
READS_REST: bool = unbound("READS_REST")
SHARED: bool = unbound("SHARED")
REPLACES: bool = unbound("REPLACES")  # whether an incident replaces the sampling function of this policy
SKIPS: bool = unbound("SKIPS")  # whether captions whose composite score cannot be among the best are left out
REPRICED: bool = unbound("REPRICED")  # whether an incident changes prices

LOCK_OUT, TALLY = 1, 2  # what may be looked at besides the sums
SHARE = 4  # a stop at which a day begins, before which pages share what they know
PURCHASES, NOISE = 0, 1  # addresses among a use's draws, beside `update_job.LATENESS`
RATE, COUNT, ATTRIBUTION = 0, 1, 2  # addresses among a slot's draws


def play(first: int, last: int, stops: Counts, observe: Counts, b: Block, snapshots: Snapshots) -> None:
    """Simulate the rows from `first` up to `last` from stop to stop; record at each what `observe` (P,) asks for.

    `stops` (P,) are rising seconds, up to and not including which is simulated. A row goes through all of them before
    the next one begins, so that what it works on stays in the processor's cache.
    """
    for i in range(first, last):
        # Numba cannot return records from a function, hence here.
        replication = b.pages[i].replication
        row = by_reference(
            Row(
                b.rules[0],
                b.pages[i],
                b.sums[i],
                b.weeks[i],
                bank_of(b.bank, i),
                tried_of(b.tried, i),
                job_of(b.job, i),
                used_of(b.used, i),
                b.plan[i],
                b.log[i],
                b.state[i],
                fleet_of(b.fleet, i, replication),
                batch_of(b.batch, i),
                tables_of(b.tables, replication),
                b.work,
            )
        )
        for stop in range(stops.shape[0]):
            advance_row(stops[stop], row, b.params)
            add_up(b.sums[i], snapshots.sums[stop, replication])
            if observe[stop] & LOCK_OUT:
                locked_out(snapshots.locked[stop, i], row, b.params)
            if observe[stop] & TALLY:
                tally(row, snapshots.by_bin[stop], snapshots.tally[stop])
            if SHARED and observe[stop] & SHARE:
                end_night(stops[stop], row, b.params)


def add_up(page: Record, sums: Record) -> None:
    """Add a page's sums to its replication's, one page after another: the order is part of the result."""
    sums.sends += page.sends
    sums.priced += page.priced
    sums.best += page.best
    sums.unfilled += page.unfilled
    sums.purchases += page.purchases
    sums.counted += page.counted
    sums.late += page.late
    sums.revenue += page.revenue
    sums.tier_revenue += page.tier_revenue
    sums.regret += page.regret
    sums.regret_usd += page.regret_usd
    sums.labels += page.labels
    sums.emv += page.emv
    sums.taught += page.taught
    sums.free_regret_usd += page.free_regret_usd
    sums.expected_usd += page.expected_usd


def advance_row(until: int, row: Row, params: Params) -> None:
    """Bring one row up to second `until`."""
    page = row.page
    while True:
        loads, refreshes = row.tables.loads[page.load], row.tables.refreshes[page.refresh]
        begins, sends = page.day * DAY_S, next_send(row)
        if min(loads, refreshes, begins, sends) >= until:
            return
        if loads <= refreshes and loads <= begins and loads <= sends:
            load(loads, row.tables.loads_until[page.load], row)
            page.load += 1
        elif refreshes <= begins and refreshes <= sends:
            refresh(refreshes, row, params)
            page.refresh += 1
        elif begins <= sends:
            begin_day(row, params)
        else:
            send(page.slot, row)
            page.slot += 1


def end_night(now: int, row: Row, params: Params) -> None:
    """Do what comes before the day that begins `now`, and add what the page knows by then to the fleet's sums."""
    page = row.page
    while min(row.tables.loads[page.load], row.tables.refreshes[page.refresh]) <= now:
        loads, refreshes = row.tables.loads[page.load], row.tables.refreshes[page.refresh]
        if loads <= refreshes:
            load(loads, row.tables.loads_until[page.load], row)
            page.load += 1
        else:
            refresh(refreshes, row, params)
            page.refresh += 1
    share(row, params)


def next_send(row: Row) -> int:
    """Time of the page's next slot; beyond all time where today has none left."""
    if row.page.slot >= row.page.slots:
        return FAR
    return row.plan[row.page.slot].time  # type: ignore[no-any-return]


def begin_day(row: Row, params: Params) -> None:
    """Plan the page's day and choose its captions."""
    day = row.page.day
    if day % WEEK_DAYS == 0:
        begin_week(day // WEEK_DAYS, row, params)
    if POOL:
        keep_pools(day, row)
    today = row.tables.daily[row.page.number, day]
    if REPRICED and today[PRICES] != row.page.price_factor:
        reprice(today[PRICES], row)
    if REPLACES:
        row.page.replaced = today[REPLACED] > 0.0
    expiry = today[EXPIRY]
    if expiry > 0.0:
        expire(int(day * DAY_S - expiry * DAY_S), row, params)
    plan_day(day, row)
    choose_day(day, row, params)
    row.page.day += 1


@force_inline
def send(place: int, row: Row) -> None:
    """Send the message of a slot: who views it, who will ever buy; then the caption is worn and cooling."""
    slot = row.plan[place]
    if slot.caption == NOT_FILLED:
        return
    purchases = 0
    if slot.tier == BUMP:
        views = viewers(slot.number, row.rules.unpriced_mu, row.rules.unpriced_sigma, row)
    else:
        views = viewers(slot.number, row.rules.priced_mu, row.rules.priced_sigma, row)
        purchases = buyers(slot, views, row)
    if slot.caption != BY_HAND:
        settle(slot, purchases, row)
        note_send(slot, purchases, row)
        if purchases > 0:
            row.sums.emv += emv_of(purchases, views, row.tried.captions[slot.caption].price)
    await_count(slot, views, purchases, row)
    if RECORD:
        write(slot, views, purchases, row)
    if slot.caption != BY_HAND:
        wear_out(slot, row)
    row.sums.sends += 1


def viewers(number: int, mu: float, sigma: float, row: Row) -> int:
    """Fans who view: binomial, with a log-normal rate of the message's own."""
    key = pull_key(row.page.view_key, number)
    rate = math.exp(mu + sigma * normal(arm_key(key, RATE)))
    return binomial(arm_key(key, COUNT), fans_on(number // SLOTS, row), min(rate, 1.0))


def fans_on(day: int, row: Row) -> int:
    """Fans of the page on a day: more or fewer while an incident changes its audience."""
    return int(row.page.fans * row.tables.daily[row.page.number, day, AUDIENCE] + 0.5)


def buyers(slot: Record, views: int, row: Row) -> int:
    """Viewers who will ever buy: binomial, with a gamma factor of the message's own."""
    key = pull_key(
        arm_key(row.page.outcome_key, row.tried.history[slot.caption].caption_id), row.tried.uses[slot.caption]
    )
    rate = rate_on(slot.time // DAY_S, slot.caption, row) * slot.factor
    exposure = fans_on(slot.time // DAY_S, row) * row.rules.expected_views
    row.sums.expected_usd += exposure * min(rate, 1.0) * row.tried.captions[slot.caption].price
    shape = row.rules.message_shape
    if shape > 0.0:
        rate *= gamma(arm_key(key, NOISE), shape) / shape
    return binomial(arm_key(key, PURCHASES), views, min(rate, 1.0))


def settle(slot: Record, purchases: int, row: Row) -> None:
    """Reward, money and regret of a send."""
    sums, price = row.sums, row.tried.captions[slot.caption].price
    exposure = fans_on(slot.time // DAY_S, row) * row.rules.mean_views * slot.factor
    sums.purchases += purchases
    sums.revenue += purchases * price
    sums.tier_revenue[slot.tier] += purchases * price
    sums.regret += exposure * slot.regret
    sums.regret_usd += exposure * slot.regret_usd
    sums.best += slot.best
    sums.priced += slot.tier != BUMP


def await_count(slot: Record, views: int, purchases: int, row: Row) -> None:
    """Queue a message for the update job."""
    page = row.page
    message = row.job.pending[wrapped(page.pending_head + page.pending_size, row.job.pending.shape[0])]
    message.time, message.caption, message.weight = slot.time, slot.caption, slot.weight
    message.ordinal, message.use, message.price, message.left = row.sums.sends, 0, 0, 1.0
    if slot.caption != BY_HAND:
        if READS_REST:
            factor = slot.factor if row.rules.seasons_known else 1.0
            message.left = (1.0 - assumed_wear(slot.time // DAY_S, slot.caption, row)) * factor
        message.use, message.price = row.tried.uses[slot.caption], row.tried.captions[slot.caption].price
    message.sent, message.views, message.purchases = fans_on(slot.time // DAY_S, row), views, purchases
    message.attributed = slot.caption != BY_HAND and is_attributed(slot.number, row)
    row.page.pending_size += 1


def is_attributed(number: int, row: Row) -> bool:
    """Whether the send log will name the caption of a message: a coin of the slot's own, whatever the policy."""
    share = row.tables.daily[row.page.number, number // SLOTS, ATTRIBUTED]
    return bool(share >= 1.0 or uniform(arm_key(pull_key(row.page.view_key, number), ATTRIBUTION)) < share)


def wear_out(slot: Record, row: Row) -> None:
    """A use costs the caption a share of what is left of its rate, and starts its cool-down."""
    day, history = slot.time // DAY_S, row.tried.history[slot.caption]
    if slot.tier != BUMP:
        if READS_REST:
            wear = assumed_wear(day, slot.caption, row)
            history.assumed_wear = wear + row.rules.assumed_drop * (1.0 - wear)
        wear = wear_on(day, slot.caption, row)
        history.wear, history.worn_on = wear + row.rules.fatigue_drop * (1.0 - wear), day
    row.tried.captions[slot.caption].last_used = slot.time
    if SKIPS:
        row.tried.bounds.last_used[slot.caption] = slot.time
    row.tried.uses[slot.caption] += 1


def write(slot: Record, views: int, purchases: int, row: Row) -> None:
    """Log a send."""
    line = row.log[row.sums.sends]
    line.time, line.caption, line.propensity = slot.time, slot.caption, slot.propensity
    line.views, line.purchases = views, purchases
    line.price = row.tried.captions[slot.caption].price if slot.caption != BY_HAND else 0
    line.sent = fans_on(slot.time // DAY_S, row)
    line.known, line.loaded_at, line.attributed = 0, -1, 1
