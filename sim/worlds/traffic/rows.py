"""The arrays of a block of the traffic world, and the view of one row that kernels work on.

The letters of shapes, the records, the life of a caption and the path of a message are explained in `records.py`.
"""

from typing import NamedTuple

from sim.worlds.base import Counts, Flags, Floats, Params
from sim.worlds.selection.room import Room
from sim.worlds.traffic.records import Ints, Record, Records, Shorts


class Bank(NamedTuple):
    """The captions of a page, those included that are yet to arrive; per row, or with N in front for a block."""

    entries: Records  # (C,) ENTRY
    arrives: Shorts  # (C,): first week in which a caption is in the bank
    leaving: Ints  # (tiers, weeks + 1): how many captions of a tier retire in a week
    cold: Ints  # (C,): places of the cold captions in the bank; each tier from its `tier_start` on
    # The best captions of a tier by purchases (RATE) and dollars (USD) per view: of pooled ones the best cold ones, by
    # the logarithm, with places in the bank; otherwise the best tried ones while fresh, with places among the tried.
    top_worth: Floats  # (priced tiers, 2, L), descending
    top_place: Counts  # (priced tiers, 2, L)
    top_sizes: Counts  # (priced tiers, 2): how many there are
    category: Shorts  # (C,): from 1; of length 0 where neither a composite selection nor the policy reads it
    urgent: Shorts  # (C,): 0 or 1; likewise. What follows has length 0 without a composite selection
    dollars: Floats  # (C,): historical revenue per send; NaN: its price tier is never selected
    base_price: Shorts  # (C,): prices at start; of length 0 where no incident changes prices


class Bounds(NamedTuple):
    """What a composite decision looks at before it draws a few scores; of length 0 without a composite selection.

    Each field has an array of its own, so that a processor compares several captions at once.
    """

    top: Floats  # (W,): no composite score is above this plus the bonus of the caption's kind
    last_used: Ints  # (W,): as in CAPTION; `RETIRED` for a price tier that is never selected
    kind: Ints  # (W,): as in CAPTION


class Tried(NamedTuple):
    """The records of the captions that were sent at least once."""

    captions: Records  # (W,) CAPTION
    history: Records  # (W,) HISTORY
    uses: Counts  # (W,): sends so far
    tallied: Counts  # (W,): those that are in tallies already
    table: Records  # (T,) TABLE in order of insertion, before them an empty one; T = 0 where each is counted once
    table_row: Ints  # (W,): place in `table`; 0 without a row of its own. Of length 0 likewise
    value: Floats  # (W,): what value adds to the composite score; NaN: a price tier that is never selected
    bounds: Bounds


class Fleet(NamedTuple):
    """What the pages of a replication share, by place in their bank."""

    n: Floats  # (C,): sums over pages as of the beginning of the day; of length 0 where no policy reads them
    s: Floats  # (C,)
    given: Floats  # (W, 2): what this page has added of each tried caption; likewise
    last_used: Counts  # (C,): second of the latest send on any page; of length 0 without an agency-wide lock


class Batch(NamedTuple):
    """What a `reads_batches` policy has learned from; of length 0 for others."""

    told: Floats  # (W, 2): trials and successes
    new_n: Floats  # (W,): what the last refresh has brought
    new_s: Floats  # (W,)
    a: Floats  # (W,): of the captions, while the policy learns
    b: Floats  # (W,)
    notes: Floats  # (W, note_size)


class UpdateJob(NamedTuple):
    """What the update job of a page keeps between two runs."""

    pending: Records  # ring of MESSAGE
    loaded: Records  # ring of MESSAGE: those that the next refreshes add again; of length 0 where none are
    recent: Records  # ring of RECENT
    positive_values_sorted: Floats  # values above 0 of `recent`, ascending
    labelled: Records  # ring of LABEL; of length 0 where nothing is windowed


class RecentUse(NamedTuple):
    """What a page used lately, for the composite selection; of length 0 without it."""

    category: Counts  # (7,): of the latest messages with a caption, newest first
    tier: Counts  # (7,)
    urgent: Counts  # (7,)
    by_day: Counts  # (7, categories + 1, 2): uses by day modulo 7, category and urgency


class Tables(NamedTuple):
    """Numbers that are looked up and never written."""

    refreshes: Counts  # second of each refresh, ascending; the last is beyond every horizon
    loads: Counts  # second of each load, likewise
    loads_until: Counts  # second up to which each load shows messages
    daily: Floats  # (pages, days, 6): see `timetable.Times`
    season: Floats  # (days,): weekday × holiday factor; of a block (replications, days)
    hours: Floats  # (24,): hour factor
    tiers: Counts  # (cycle,): the tier of a page's next priced message, repeated for ever
    recovery: Floats  # (days + 1,): share of fatigue that is left after so many days
    log_price: Floats  # logarithms of whole dollars; −inf for 0
    log_demand: Floats  # logarithms of the purchases per view at whole dollars


class Workspace(NamedTuple):
    """Arrays that each decision writes before it reads them; all rows share them."""

    eligible: Counts  # (W + 1,): places among the tried
    bonus: Floats  # (W + 1,): of the eligible, the score but for the draw; of length 0 without a composite selection
    likely: Counts  # (W + 1,): positions of the eligible whose score can be among the best; of length 0 like `bonus`
    barred: Counts  # (W + 1,): whether an eligible caption is excluded, but uses up a rank
    class_bonus: Floats  # (2 × categories + 2,): by `kind`
    excluded: Counts  # the same: whether the budget is used up
    hits: Counts  # (W + 1,): of a redraw; or the entry of each eligible caption
    n: Floats  # (C + 1,): of the eligible captions, once `prepare` has seen it the scores
    a: Floats
    b: Floats
    touched: Counts  # (W,): captions in the roll-up of a refresh; of length 0 where each message is counted once
    order: Counts  # (S,): today's slots, shuffled
    chosen: Counts  # (S,): positions among the eligible, cold ones behind; then places among the tried
    score: Floats  # (S,)
    luck: Floats  # (S,)
    best: Floats  # (2, S): by RATE and by USD
    own: Floats  # (S,)
    free: Floats  # (S,): by USD, constraints aside
    states: Floats  # (2, state_size): the policy's before a decision, and after
    laws: Floats  # (3, W + 1): a, b and bonus of an entry; as far as `chances` of length 0 unless sends are recorded
    copies: Floats  # (W + 1,): of an entry
    values: Floats  # (W + 1,)
    chances: Floats  # (W + 1,): of the chosen
    sent: Counts  # (S,): the choice while it is drawn again
    room: Room
    unknown: (
        Floats  # (kinds, 2): a and b of captions of which nothing is known, see `selection/learned.py`; NaN: not yet
    )
    memory: Floats  # (W, 3): n, s and w while they are changed on trial; of length 0 where nothing is forgotten


class Row(NamedTuple):
    """One page of one replication, as kernels see it.

    The policy's parameters are passed separately: their number is part of a tuple's type, and a function that does not
    need them is then compiled once for all policies.
    """

    rules: Record  # RULES
    page: Record  # PAGE
    sums: Record  # RESULT
    weeks: Records  # (weeks,) WEEK
    bank: Bank
    tried: Tried
    job: UpdateJob
    used: RecentUse
    plan: Records  # (S,) SLOT, in order of time
    log: Records  # LINE; of length 0 where sends are not recorded
    state: Floats  # (tiers, state_size): the policy's
    fleet: Fleet
    batch: Batch
    tables: Tables
    work: Workspace


class Block(NamedTuple):
    """All rows: the fields of `Row` with N in front, as far as rows differ, and the rest as it is."""

    rules: Records  # (1,)
    pages: Records  # (N,)
    sums: Records  # (N,)
    weeks: Records  # (N, weeks)
    bank: Bank
    tried: Tried
    job: UpdateJob
    used: RecentUse
    plan: Records  # (N, S)
    log: Records
    state: Floats  # (N, tiers, state_size)
    fleet: Fleet  # all but `given` have as many rows as there are replications
    batch: Batch
    params: Params  # the policy's
    tables: Tables
    work: Workspace


def bank_of(bank: Bank, i: int) -> Bank:
    """The bank of row `i`."""
    return Bank(
        bank.entries[i],
        bank.arrives[i],
        bank.leaving[i],
        bank.cold[i],
        bank.top_worth[i],
        bank.top_place[i],
        bank.top_sizes[i],
        bank.category[i],
        bank.urgent[i],
        bank.dollars[i],
        bank.base_price[i],
    )


def fleet_of(fleet: Fleet, i: int, replication: int) -> Fleet:
    """What row `i` shares with the other pages of its replication."""
    return Fleet(fleet.n[replication], fleet.s[replication], fleet.given[i], fleet.last_used[replication])


def batch_of(batch: Batch, i: int) -> Batch:
    """What the policy has learned from on row `i`."""
    return Batch(batch.told[i], batch.new_n[i], batch.new_s[i], batch.a[i], batch.b[i], batch.notes[i])


def used_of(used: RecentUse, i: int) -> RecentUse:
    """The recent uses of row `i`."""
    return RecentUse(used.category[i], used.tier[i], used.urgent[i], used.by_day[i])


def tried_of(tried: Tried, i: int) -> Tried:
    """The tried captions of row `i`."""
    return Tried(
        tried.captions[i],
        tried.history[i],
        tried.uses[i],
        tried.tallied[i],
        tried.table[i],
        tried.table_row[i],
        tried.value[i],
        Bounds(tried.bounds.top[i], tried.bounds.last_used[i], tried.bounds.kind[i]),
    )


def job_of(job: UpdateJob, i: int) -> UpdateJob:
    """The update job of row `i`."""
    return UpdateJob(job.pending[i], job.loaded[i], job.recent[i], job.positive_values_sorted[i], job.labelled[i])


def tables_of(tables: Tables, replication: int) -> Tables:
    """The tables of one replication."""
    season = tables.season[replication]
    return Tables(
        tables.refreshes,
        tables.loads,
        tables.loads_until,
        tables.daily,
        season,
        tables.hours,
        tables.tiers,
        tables.recovery,
        tables.log_price,
        tables.log_demand,
    )


class Snapshots(NamedTuple):
    """What is recorded at P times."""

    sums: Records  # (P, replications) RESULT: over the pages of each
    locked: Flags  # (P, N, priced tiers)
    by_bin: Counts  # (P, bins + 1): see `sim.worlds.base.Tally`
    tally: Counts  # (P, 6): its other sums
