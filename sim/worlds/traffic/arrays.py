"""The arrays of a block at time zero, as large as they will ever need to be."""

import math

import numpy as np
from numpy.typing import NDArray

from policies.base import Policy
from policies.reads import reads_truth
from sim.calendar.base import longest_gap
from sim.rng import row_keys
from sim.scenario.sections.traffic import PRICED_TIERS, TIERS, TrafficSection
from sim.scenario.sections.traffic_loop import Selection, TrafficFeedback
from sim.units import DAY_S, WEEK_DAYS
from sim.worlds.selection.room import new_room
from sim.worlds.traffic.bank.draw_bank import Listing, SampledBank
from sim.worlds.traffic.pages import Integers, fill_listing, fill_traits, make_bank, make_pages, most_dollars, per_view
from sim.worlds.traffic.parameters import kernel_parameters, recovery, season, tier_cycle
from sim.worlds.traffic.records import (
    BUMP,
    CAPTION,
    HISTORY,
    LABEL,
    LINE,
    MESSAGE,
    NEVER,
    RECENT,
    RESULT,
    SLOT,
    TABLE,
    WEEK,
    Record,
    Records,
)
from sim.worlds.traffic.rows import Bank, Batch, Block, Bounds, Fleet, RecentUse, Tables, Tried, UpdateJob, Workspace
from sim.worlds.traffic.selection.composite import DAYS_BACK, TIERS_BACK
from sim.worlds.traffic.timetable import PRICES, Times

TOP_SHARE = 0.1  # of the captions of a page and tier, the top decile
ALL = 2**62  # captions of a tier, however many there are
COOLING = 4  # times as many of the best tried captions are listed: many of them cool down for a week
SPARE = 2  # of the best cold captions, as many may be tried before the lists are built again

Sections = tuple[TrafficSection, TrafficFeedback, Selection]


def make_block(
    sections: Sections,
    policy: Policy,
    seed: int,
    replications: range,
    days: int,
    policy_keys: NDArray[np.uint64],
    times: Times,
    *,
    record: bool,
    pool: tuple[int, float] = (0, math.inf),
) -> Block:
    """Everything that the kernel works on; `policy_keys` are (replications, pages).

    `pool` is how many captions of a tier the policy chooses from (0: all), and the days after which others follow.
    """
    world, feedback, selection = sections
    pages = make_pages(world, seed, replications)
    pages["policy_key"], pages["price_factor"] = policy_keys.ravel(), 1.0
    pages["pool_key"], pages["pool_number"] = row_keys(seed, "pool", replications, world.pages).ravel(), -1
    sampled = make_bank(world, days, pages)
    captions = sampled.entries.shape[1]
    set_top_rates(pages, sampled)
    tried = reserve(pages, room_for_tried(world, selection, days, pooled=pools(policy, selection)))
    listing = _listing(world, selection, sampled, pages, traits=policy.reads_category)
    most_listed = most_of_a_tier(world, selection) + SPARE
    if not pools(policy, selection):
        most_listed *= COOLING
    rules, state = kernel_parameters(*sections, policy, pool), np.zeros((len(pages), len(TIERS), policy.state_size))
    most = int(rules["most"][0])
    tables = _tables(world, selection, season(world, seed, replications, days), days, times)
    return Block(
        rules=rules,
        pages=pages,
        sums=np.zeros(len(pages), RESULT),
        weeks=np.zeros((len(pages), math.ceil(days / WEEK_DAYS)), WEEK),
        bank=_bank(sampled, most_listed, listing, repriced=highest_price_factor(times) > 0.0),
        tried=_tried(len(pages), tried, most * days if recounts(feedback) else 0, scored=composite(selection)),
        job=_update_job(len(pages), rules[0], days, times),
        used=_recent_use(len(pages), world, selection),
        plan=np.zeros((len(pages), most), SLOT),
        log=np.zeros((len(pages), most * days if record else 0), LINE),
        state=state,
        fleet=_fleet((len(replications), captions), (len(pages), tried), shares(policy, world), locks(selection)),
        batch=_batch(len(pages), tried if policy.reads_batches else 0, policy.note_size),
        params=policy.parameters(),
        tables=tables,
        work=_workspace(captions, tried, most, len(tables.log_price), policy, sections, record=record),
    )


def set_top_rates(pages: Records, sampled: SampledBank) -> None:
    """Set the rate that a tenth of a tier's captions at start exceed; drift leaves the distribution's mean as it is."""
    for page, entries, arrives in zip(pages, sampled.entries, sampled.arrives, strict=True):
        for tier in range(BUMP):
            own = slice(page["tier_start"][tier], page["tier_start"][tier + 1])
            rates = np.exp(entries["log_rate"][own][arrives[own] == 0])
            page["top_rate"][tier] = exceeded(rates, TOP_SHARE)


def exceeded(values: NDArray[np.float64], share: float) -> float:
    """What this share of some values exceeds: `np.quantile(values, 1 − share)`, bit for bit, at a tenth of its time."""
    place = (len(values) - 1) * (1.0 - share)
    below, above = int(place), min(int(place) + 1, len(values) - 1)
    part = np.partition(values, (below, above))
    step, rest = part[above] - part[below], place - below
    return float(part[above] - step * (1.0 - rest) if rest >= 0.5 else part[below] + step * rest)


def _listing(
    world: TrafficSection, selection: Selection, sampled: SampledBank, pages: Records, *, traits: bool
) -> Listing:
    """What the composite selection reads of captions, (N, C); without it of length 0, or category and urgency only."""
    known, scored = (
        sampled.entries.shape if read else (len(pages), 0)
        for read in (traits or composite(selection), composite(selection))
    )
    listing = Listing(np.zeros(known, np.int16), np.zeros(known, np.int16), np.zeros(scored))
    if composite(selection):
        return fill_listing(world, sampled, pages, listing, selection.price_tiers)
    if traits:
        fill_traits(world, sampled, pages, listing)
    return listing


def composite(selection: Selection) -> bool:
    """Whether captions are ranked by the composite score and limited by budgets."""
    return selection.score == "composite"


def _recent_use(rows: int, world: TrafficSection, selection: Selection) -> RecentUse:
    back, days = (TIERS_BACK, DAYS_BACK) if composite(selection) else (0, 0)
    by_day = np.zeros((rows, days, world.bank.categories + 1, 2), np.int64)
    category, tier, urgent = (np.zeros((rows, back), np.int64) for _ in range(3))
    return RecentUse(category, tier, urgent, by_day)


def _bank(sampled: SampledBank, most: int, listing: Listing, *, repriced: bool) -> Bank:
    """The sampled captions, and room for the `most` best of each tier."""
    rows, captions = sampled.entries.shape
    return Bank(
        entries=sampled.entries,
        arrives=sampled.arrives,
        leaving=sampled.leaving,
        cold=np.zeros((rows, captions), np.int32),
        top_worth=np.zeros((rows, BUMP, 2, most)),
        top_place=np.zeros((rows, BUMP, 2, most), np.int64),
        top_sizes=np.zeros((rows, BUMP, 2), np.int64),
        category=listing.category,
        urgent=listing.urgent,
        dollars=listing.dollars,
        base_price=sampled.entries["price"].copy() if repriced else np.zeros((rows, 0), np.int16),
    )


def recounts(feedback: TrafficFeedback) -> bool:
    """Whether every refresh adds the messages of the look-back to a table again."""
    return feedback.counting == "every_refresh"


def _tried(rows: int, most: int, messages: int, *, scored: bool) -> Tried:
    """Room for `most` tried captions per row; `scored` by the composite selection.

    With `messages` that a page can send, a table of those that were sent; else each message is counted once.
    """
    shape = (rows, most)
    captions, history = np.zeros(shape, CAPTION), np.zeros(shape, HISTORY)
    table = np.zeros((rows, 1 + min(most, messages) if messages > 0 else 0), TABLE)
    table_row = np.zeros((rows, most if messages > 0 else 0), np.int32)
    uses, tallied = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    bounded = (rows, most if scored else 0)
    bounds = Bounds(np.zeros(bounded), np.zeros(bounded, np.int32), np.zeros(bounded, np.int32))
    return Tried(captions, history, uses, tallied, table, table_row, np.zeros(bounded), bounds)


def highest_price_factor(times: Times) -> float:
    """The largest factor of prices that an incident brings; 0 where none changes prices."""
    factors = times.daily[:, :, PRICES]
    return float(factors.max()) if (factors != 1.0).any() else 0.0


def _tables(
    world: TrafficSection, selection: Selection, seasons: NDArray[np.float64], days: int, times: Times
) -> Tables:
    dollars = np.arange(math.ceil(most_dollars(world) * max(1.0, highest_price_factor(times))) + 1)
    return Tables(
        refreshes=times.refreshes,
        loads=times.loads,
        loads_until=times.loads_until,
        daily=times.daily,
        season=seasons,
        hours=np.array(world.factors.hour, dtype=np.float64),
        tiers=tier_cycle([getattr(selection.quotas, tier) for tier in PRICED_TIERS]),
        recovery=recovery(world, days),
        log_price=np.log(np.maximum(dollars, 1e-300)),
        log_demand=np.log(per_view(world, np.maximum(1, dollars))),
    )


def shares(policy: Policy, world: TrafficSection) -> bool:
    """Whether the policy learns from all pages of a replication, which then advance together, day by day."""
    return policy.reads_fleet and world.bank.shared


def locks(selection: Selection) -> bool:
    """Whether a caption that one page sends cools down on all pages, which then advance together, day by day."""
    return selection.agency_lock != "none"


def _fleet(bank: tuple[int, int], tried: tuple[int, int], known: bool, locked: bool) -> Fleet:
    """`bank` is (replications, C), `tried` (N, W); `known`: a policy reads the sums, `locked`: pages share locks."""
    sums, given = (bank, tried) if known else ((bank[0], 0), (tried[0], 0))
    last_used = np.full(bank if locked else (bank[0], 0), NEVER, np.int64)
    return Fleet(np.zeros(sums), np.zeros(sums), np.zeros((*given, 2)), last_used)


def _batch(rows: int, tried: int, note_size: int) -> Batch:
    new_n, new_s, a, b = (np.zeros((rows, tried)) for _ in range(4))
    return Batch(np.zeros((rows, tried, 2)), new_n, new_s, a, b, np.zeros((rows, tried, note_size)))


def pools(policy: Policy, selection: Selection | None = None) -> bool:
    """Whether a policy's cold captions are a number of equals, whose largest scores can be drawn.

    Under the composite score they differ by category, urgency and dollars, under an agency-wide lock by who is locked.
    """
    if selection is not None and (composite(selection) or locks(selection)):
        return False
    return policy.exchangeable_untried and not reads_truth(policy.rule)


def room_for_tried(world: TrafficSection, selection: Selection, days: int, *, pooled: bool) -> Integers:
    """How many captions of each tier may have records of their own, (4,): of pooled ones those that are sent."""
    most = most_chosen(world, selection, days) if pooled else np.full(len(TIERS), ALL)
    if selection.bump == "by_hand":
        most[BUMP] = 0
    return most


def reserve(pages: Records, most: Integers) -> int:
    """Set where each tier's tried captions start, at most `most` (4,); returns the largest page's room."""
    room = np.minimum(np.diff(pages["tier_start"], axis=1), most)
    pages["tried_start"][:, 1:] = np.cumsum(room, axis=1)
    return int(pages["tried_start"].max())


def most_chosen(world: TrafficSection, selection: Selection, days: int) -> Integers:
    """How many captions of each tier a page can choose in `days` days, (4,)."""
    sends, quotas = world.sends, np.array([getattr(selection.quotas, tier) for tier in TIERS])
    if not selection.scaled:
        return quotas * days
    cycles = math.ceil(sends.most_priced * days / quotas[:BUMP].sum())
    if sends.per_day is not None:
        unpriced = int(sends.per_day * sends.unpriced_share) + 1
    else:
        unpriced = sends.most - min(low for low, _ in sends.priced_per_day)
    return np.append(quotas[:BUMP] * cycles, unpriced * days)


def most_of_a_tier(world: TrafficSection, selection: Selection) -> int:
    """The largest number of priced messages of one tier that a page sends in a day."""
    quotas = [getattr(selection.quotas, tier) for tier in PRICED_TIERS]
    if not selection.scaled:
        return int(max(quotas))
    cycle, priced = tier_cycle(quotas), world.sends.most_priced
    several = np.resize(cycle, len(cycle) + priced)
    counts = [np.bincount(several[start : start + priced]).max() for start in range(len(cycle))]
    return int(max(counts))


def _update_job(rows: int, rules: Record, days: int, times: Times) -> UpdateJob:
    """Rings as long as they can become between two refreshes, or two loads, of the calendar."""
    most, horizon = int(rules["most"]), days * DAY_S
    gap_s, age_s = longest_gap(times.refreshes, horizon), int(rules["label_after_s"])
    if rules["loads"] > 0:
        gap_s, age_s = gap_s + longest_gap(times.loads, horizon), int(rules["lag_s"])

    def messages(seconds: float) -> int:
        """All that a page can send in `seconds`, the days at both ends included."""
        return most * min(days, math.ceil(seconds / DAY_S) + 2)

    # What was counted before stays until the refresh that counts what has matured since the last one.
    recent, loaded = (messages(rules[kept] + age_s) + messages(gap_s) for kept in ("median_s", "look_back_s"))
    # Labels leave a window once a day.
    labelled = min(int(rules["window"]), days * most) + most + 1 if rules["window"] > 0 else 0
    return UpdateJob(
        pending=np.zeros((rows, messages(age_s + gap_s)), MESSAGE),
        recent=np.zeros((rows, recent), RECENT),
        loaded=np.zeros((rows, loaded), MESSAGE),
        positive_values_sorted=np.zeros((rows, recent)),
        labelled=np.zeros((rows, labelled), LABEL),
    )


def unknown_kinds(policy: Policy, world: TrafficSection, prices: int) -> int:
    """How many captions that were sent nowhere can differ for the policy: by `prices` whole dollars and by category."""
    if not (policy.reads_sales or policy.reads_fleet):
        return 0
    return prices * (world.bank.categories + 1 if policy.reads_category else 1)


def _workspace(
    captions: int, tried: int, most: int, prices: int, policy: Policy, sections: Sections, *, record: bool
) -> Workspace:
    """Arrays that each decision writes anew."""
    world, feedback, selection = sections
    ranked = tried + 1 if composite(selection) else 0
    noted = tried + 1 if record else 0
    classes = 2 * (world.bank.categories + 1) if composite(selection) else 0
    return Workspace(
        eligible=np.zeros(tried + 1, np.int64),
        hits=np.zeros(tried + 1, np.int64),
        n=np.zeros(captions + 1),
        a=np.zeros(captions + 1),
        b=np.zeros(captions + 1),
        bonus=np.zeros(ranked),
        likely=np.zeros(ranked, np.int64),
        barred=np.zeros(ranked, np.int64),
        class_bonus=np.zeros(classes),
        excluded=np.zeros(classes, np.int64),
        touched=np.zeros(tried if recounts(feedback) else 0, np.int64),
        order=np.zeros(most, np.int64),
        chosen=np.zeros(most, np.int64),
        score=np.zeros(most),
        luck=np.zeros(most),
        best=np.zeros((2, most)),
        own=np.zeros(most),
        free=np.zeros(most),
        states=np.zeros((2, policy.state_size)),
        laws=np.zeros((3, noted)),
        copies=np.zeros(noted),
        values=np.zeros(noted),
        chances=np.zeros(noted),
        sent=np.zeros(most, np.int64),
        room=new_room(noted, most),
        unknown=np.zeros((unknown_kinds(policy, world, prices), 2)),
        memory=np.zeros((0 if policy.memory.cumulative else tried, 3)),
    )
