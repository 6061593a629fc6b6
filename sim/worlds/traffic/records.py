"""The arrays of a block of the traffic world, and the view of one row that kernels work on.

A row is one page of one replication; a block has N rows. C is the number of captions that a page ever has, ordered by
tier and then by caption_id; W how many of them can ever be warm; S the largest number of messages of a page and day.
Times are whole seconds since the scenario's start. Arrays hold records: what belongs together lies together, and
kernels compile in seconds.

A caption is *cold* until it is first chosen: nothing is kept of it but its entry in the bank, and policies that pool
cold captions see so many equals. Then it is *warm*, and has records of its own, in order of tier and of becoming warm.
"""

from typing import Any, NamedTuple

import numpy as np

NEVER = -(2**30)  # a time before any cool-down, in seconds
RETIRED = 2**31 - 1  # a time after which no cool-down ends
BUMP = 3  # the unpriced tier's place in `sim.scenario.sections.traffic.TIERS`
TIERS = (BUMP + 1,)
TIER_EDGES = (BUMP + 2,)
RATE, USD = 0, 1  # what captions can be the best by

RULES = np.dtype(
    [
        ("least", "i8"),  # messages of a page and day
        ("most", "i8"),
        ("every_day", "i8"),  # messages of every page and day; 0: by size class
        ("priced_every_day", "i8"),  # with `every_day`: how many of them are priced; −1: by `unpriced_share`
        ("unpriced_share", "f8"),
        ("first_s", "i8"),  # time of day at which sending begins
        ("open_s", "i8"),  # seconds of the day in which messages are sent
        ("refresh_s", "i8"),
        ("label_after_s", "i8"),
        ("median_s", "i8"),
        ("cool_down_s", "i8"),
        ("fatigue_drop", "f8"),
        ("drift_sigma", "f8"),
        ("message_shape", "f8"),  # of the gamma noise of a message's rate; 0: none
        ("delay_s", "f8"),  # mean time from send to purchase
        ("mean_views", "f8"),  # share of fans who view a priced message
        ("priced_mu", "f8"),  # of the logarithm of that share: mean
        ("priced_sigma", "f8"),  # and standard deviation
        ("unpriced_mu", "f8"),
        ("unpriced_sigma", "f8"),
        ("discount", "f8"),  # what policies forget, see policies.base.Memory
        ("window", "i8"),
    ]
)
"""The numbers that are the same for all pages."""

PAGE = np.dtype(
    [
        ("replication", "i8"),  # index into the block
        ("fans", "i8"),
        ("priced_low", "i8"),  # priced messages a day
        ("priced_high", "i8"),
        ("gap_s", "i8"),
        ("phase", "f8"),  # when the page's day of priced messages begins, as a share of the gap
        ("slot_key", "u8"),  # plan of a day
        ("view_key", "u8"),
        ("outcome_key", "u8"),
        ("drift_key", "u8"),
        ("bank_key", "u8"),
        ("policy_key", "u8"),
        ("tier_start", "i8", TIER_EDGES),  # where each tier begins in the bank; C
        ("warm_start", "i8", TIER_EDGES),  # the same among the warm; W
        ("arrived", "i8", TIERS),  # captions of each tier that are in the bank or were
        ("cold", "i8", TIERS),  # cold captions of each tier that are in the bank
        ("listed", "i8", TIERS),  # the same with those that retired since `Row.cold` was last tidied
        ("warm", "i8", TIERS),  # warm captions of each tier, those included that are retired
        ("week", "i8"),  # the last one begun
        ("alive", "i8"),  # captions in the bank
        ("crowd", "f8", TIERS),  # a rate that at least `traffic_crowd.CROWD` captions of a tier exceed this week, or 0
        ("day", "i8"),  # the next day to plan
        ("refresh", "i8"),  # number of the next refresh, from 1
        ("slot", "i8"),  # the next slot of today's plan
        ("slots", "i8"),  # slots of today's plan
        ("priced_sends", "i8"),  # priced slots planned so far
        ("decayed_at", "i8"),  # the value of `sends` that discounted statistics refer to
        ("pending_head", "i8"),  # of the ring `Row.pending`
        ("pending_size", "i8"),
        ("recent_head", "i8"),  # of the ring `Row.recent`
        ("recent_size", "i8"),
        ("positives", "i8"),  # EMVs above 0 in it, which `Row.rising` holds
        ("labelled_head", "i8"),  # of the ring `Row.labelled`
        ("labelled_size", "i8"),
    ]
)
"""What a page is, and how far it has come."""

RESULT = np.dtype(
    [
        ("sends", "i8"),
        ("priced", "i8"),  # of which that carry a price
        ("best", "i8"),  # of which whose caption was among the clairvoyant choices
        ("unfilled", "i8"),  # slots for which no caption was eligible
        ("purchases", "i8"),  # all drawn
        ("counted", "i8"),  # known when their message was counted
        ("late", "i8"),  # came after that
        ("revenue", "i8"),  # dollars
        ("tier_revenue", "i8", TIERS),  # the same by tier
        ("regret", "f8"),  # expected purchases
        ("regret_usd", "f8"),
    ]
)
"""The sums of a page, or of all pages of a replication, since time zero."""

ENTRY = np.dtype(
    [
        ("log_rate", "f8"),  # of the purchases per view of a fresh caption, drift included; −inf: unpriced
        ("caption_id", "i4"),  # from 1, in order of arrival
        ("price", "i2"),  # dollars; 0: unpriced
        ("retires", "i2"),  # first week in which it is no longer in the bank, or any beyond the horizon
    ]
)
"""A caption in the bank, warm or cold; those that are yet to arrive included."""

CAPTION = np.dtype(
    [
        ("rate", "f8"),  # purchases per view of a fresh caption at neutral factors, drift included
        ("a", "f8"),  # the policy's `summarise`
        ("b", "f8"),
        ("last_used", "i4"),  # time of the last send
        ("price", "i4"),  # dollars; 0: unpriced
        ("place", "i4"),  # in the bank
    ],
    align=True,
)
"""What choosing looks at, of every warm caption: kept small, for pages take turns and share the cache."""

HISTORY = np.dtype(
    [
        ("wear", "f8"),  # share of the rate lost to repetition, as of day `worn_on`
        ("n", "f8"),  # labels that the policy sees, discounted or windowed as it wants
        ("s", "f8"),  # successes that the policy sees
        ("ipw_successes", "f8"),  # importance-weighted successes
        ("purchased", "i8"),
        ("emv_total", "f8"),  # sum of EMVs
        ("emv_last", "f8"),
        ("sent_last", "i8"),  # time of the last counted message
        ("updated", "i8"),  # time of the last update
        ("worn_on", "i4"),
        ("caption_id", "i4"),
        ("successes", "i4"),  # all labels
        ("failures", "i4"),
        ("observations", "i4"),  # messages counted
        ("emvs", "i4"),  # messages with an EMV
    ]
)
"""What has happened to a warm caption, and what the update job has counted of it."""

LEADER = np.dtype([("log_worth", "f8"), ("place", "i8")])
"""One of the best cold captions of a tier: logarithm of its purchases or dollars a view, and its place in the bank."""

SLOT = np.dtype(
    [
        ("time", "i8"),
        ("number", "i8"),  # address of the slot within the page, whatever the policy
        ("tier", "i8"),
        ("caption", "i8"),  # its place among the warm; −1: none was eligible
        ("best", "i8"),  # whether the caption is among the clairvoyant choices
        ("factor", "f8"),  # weekday × holiday × hour
        ("regret", "f8"),  # purchases per view missed at a factor of 1
        ("regret_usd", "f8"),
        ("weight", "f8"),  # 1 / propensity, for policies that ask for it
        ("propensity", "f8"),  # where sends are recorded
    ]
)
"""One of today's slots."""

MESSAGE = np.dtype(
    [
        ("time", "i8"),
        ("caption", "i8"),
        ("ordinal", "i8"),  # how many messages the page had sent before
        ("use", "i8"),  # how many times the caption had been sent before
        ("views", "i8"),
        ("purchases", "i8"),  # all that will ever come; once the update job looks, those known
        ("weight", "f8"),
        ("emv", "f8"),  # filled in by the update job
    ]
)
"""A message that the update job has not counted yet."""

EMV = np.dtype([("time", "i8"), ("emv", "f8")])
"""A counted message of the last days."""

LABEL = np.dtype([("ordinal", "i8"), ("caption", "i8"), ("success", "f8"), ("weight", "f8")])
"""A label inside a policy's window of sends."""

LINE = np.dtype([("time", "i8"), ("caption", "i8"), ("views", "i8"), ("purchases", "i8"), ("propensity", "f8")])
"""A line of the log of sends."""


class Row(NamedTuple):
    """One page of one replication, as kernels see it.

    The policy's parameters go beside it: their number is part of a tuple's type, and a function that does not need
    them is so compiled once for all policies.
    """

    rules: Any  # RULES
    page: Any  # PAGE
    sums: Any  # RESULT
    bank: Any  # (C,) ENTRY
    arrives: Any  # (C,) int16: first week in which a caption is in the bank
    leaving: Any  # (tiers, weeks + 1) int32: how many captions of a tier retire in a week
    cold: Any  # (C,) int32: places of the cold captions in the bank; each tier from its `tier_start` on
    leaders: Any  # (priced tiers, 2, L) LEADER: by RATE and by USD, the best first
    led: Any  # (priced tiers, 2) int64: how many of them there are
    captions: Any  # (W,) CAPTION
    history: Any  # (W,) HISTORY
    uses: Any  # (W,) int64: sends so far
    tallied: Any  # (W,) int64: those that are in tallies already
    plan: Any  # (S,) SLOT, in order of time
    pending: Any  # ring of MESSAGE
    recent: Any  # ring of EMV
    rising: Any  # float64: EMVs above 0 of `recent`, ascending
    labelled: Any  # ring of LABEL; of length 0 where nothing is windowed
    log: Any  # LINE; of length 0 where sends are not recorded
    state: Any  # (tiers, state_size) float64: the policy's
    season: Any  # (days,) float64: weekday × holiday factor
    hours: Any  # (24,) float64: hour factor
    tiers: Any  # (cycle,) int64: the tier of a page's next priced message, repeated for ever
    recovery: Any  # (days + 1,) float64: share of fatigue that is left after so many days
    log_price: Any  # float64: logarithms of whole dollars; −inf for 0
    eligible: Any  # work space of a decision: (W + 1,) int64, places among the warm
    hits: Any  # (W + 1,) int64
    n: Any  # (C + 1,) float64: of the eligible captions, once `prepare` has seen it the scores
    a: Any
    b: Any
    order: Any  # (S,) int64: today's slots, shuffled
    chosen: Any  # (S,) int64: positions among the eligible, cold ones behind; then places among the warm
    score: Any  # (S,) float64
    luck: Any  # (S,) float64
    best: Any  # (2, S) float64: by RATE and by USD
    own: Any  # (S,) float64
    kept: Any  # (state_size,) float64
    memory: Any  # (W, 3) float64: n, s and w while they are changed on trial; of length 0 where nothing is forgotten


class Block(NamedTuple):
    """All rows: the fields of `Row` with N in front, as far as rows differ, and the rest as it is."""

    rules: Any  # (1,)
    pages: Any  # (N,)
    sums: Any  # (N,)
    bank: Any  # (N, C)
    arrives: Any
    leaving: Any
    cold: Any  # (N, C), and so on
    leaders: Any
    led: Any
    captions: Any
    history: Any
    uses: Any
    tallied: Any
    plan: Any
    pending: Any
    recent: Any
    rising: Any
    labelled: Any
    log: Any
    state: Any
    params: Any  # tuple of float64: the policy's
    season: Any  # (replications, days)
    hours: Any
    tiers: Any
    recovery: Any
    log_price: Any
    eligible: Any
    hits: Any
    n: Any
    a: Any
    b: Any
    order: Any
    chosen: Any
    score: Any
    luck: Any
    best: Any
    own: Any
    kept: Any
    memory: Any


class Views(NamedTuple):
    """What is looked at, at P moments."""

    sums: Any  # (P, replications) RESULT: over the pages of each
    locked: Any  # (P, N, priced tiers) bool
    by_bin: Any  # (P, bins + 1) int64: see `sim.worlds.metrics.allocation.Tally`
    tally: Any  # (P, 6) int64: its other sums
