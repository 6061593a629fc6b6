"""The arrays of a block of the traffic world, and the view of one row that kernels work on.

A row is one page of one replication; a block has N rows. C is the number of captions that a page ever has, ordered by
tier and then by caption_id; S the largest number of messages of a page and day. Times are whole seconds since the
scenario's start. Arrays hold records: what belongs together lies together, and kernels compile in seconds.
"""

from typing import Any, NamedTuple

import numpy as np

NEVER = -(2**40)  # a time before any cool-down, in seconds
BUMP = 3  # the unpriced tier's place in `sim.scenario.traffic.TIERS`
TIER_EDGES = (BUMP + 2,)

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
        ("policy_key", "u8"),
        ("tier_start", "i8", TIER_EDGES),  # where each tier begins among the captions; C
        ("alive_start", "i8", TIER_EDGES),  # the same in `Row.alive`
        ("day", "i8"),  # the next day to plan
        ("refresh", "i8"),  # number of the next refresh, from 1
        ("slot", "i8"),  # the next slot of today's plan
        ("slots", "i8"),  # slots of today's plan
        ("priced_sends", "i8"),  # priced slots planned so far
        ("sends", "i8"),  # messages sent so far
        ("unfilled", "i8"),  # slots for which no caption was eligible
        ("decayed_at", "i8"),  # the value of `sends` that discounted statistics refer to
        ("pending_head", "i8"),  # of the ring `Row.pending`
        ("pending_size", "i8"),
        ("recent_head", "i8"),  # of the ring `Row.recent`
        ("recent_size", "i8"),
        ("positives", "i8"),  # EMVs above 0 in it, which `Row.rising` holds
        ("labelled_head", "i8"),  # of the ring `Row.labelled`
        ("labelled_size", "i8"),
        ("purchases", "i8"),  # all drawn
        ("counted", "i8"),  # known when their message was counted
        ("late", "i8"),  # came after that
        ("revenue", "i8"),  # dollars
        ("tier_revenue", "i8", TIER_EDGES[0] - 1),  # the same by tier
        ("best", "i8"),  # messages whose caption was among the clairvoyant choices
        ("regret", "f8"),  # expected purchases
        ("regret_usd", "f8"),
    ]
)
"""What a page is, how far it has come, and its results so far."""

CAPTION = np.dtype(
    [
        ("last_used", "i8"),  # time of the last send
        ("rate", "f8"),  # purchases per view of a fresh caption at neutral factors, drift included
        ("wear", "f8"),  # share of the rate lost to repetition, as of day `worn_on`
        ("x", "f8"),  # the policy's `derive`
        ("y", "f8"),
        ("n", "f8"),  # labels that the policy sees, discounted or windowed as it wants
        ("price", "i4"),  # dollars; 0: unpriced
        ("worn_on", "i4"),
        ("uses", "i4"),  # sends so far
        ("caption_id", "i4"),  # from 1, in order of arrival
    ]
)
"""What choosing a caption needs: one line of cache."""

HISTORY = np.dtype(
    [
        ("s", "f8"),  # successes that the policy sees
        ("w", "f8"),  # importance-weighted successes
        ("successes", "i4"),  # all labels
        ("failures", "i4"),
        ("observations", "i4"),  # messages counted
        ("emvs", "i4"),  # messages with an EMV
        ("purchased", "i8"),
        ("emv_total", "f8"),  # sum of EMVs
        ("emv_last", "f8"),
        ("sent_last", "i8"),  # time of the last counted message
        ("updated", "i8"),  # time of the last update
        ("arrives", "i4"),  # first week in which the caption is in the bank
        ("retires", "i4"),  # first week in which it no longer is
    ]
)
"""What the update job has counted of a caption."""

TRAITS = np.dtype([("category", "i2"), ("urgent", "?")])
"""What a caption is like, which no rule looks at yet."""

SLOT = np.dtype(
    [
        ("time", "i8"),
        ("number", "i8"),  # address of the slot within the page, whatever the policy
        ("tier", "i8"),
        ("caption", "i8"),  # position in the bank; −1: none was eligible
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
    captions: Any  # (C,) CAPTION
    history: Any  # (C,) HISTORY
    alive: Any  # (C,) int32: positions of the captions of this week, by tier
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
    eligible: Any  # work space of a decision: (C,) int64, captions
    hits: Any  # (C,) int64
    n: Any  # (C,) float64
    x: Any
    y: Any
    mean: Any  # (C,) float64: true purchases per view
    usd: Any  # (C,) float64: true dollars per view
    order: Any  # (S,) int64: today's slots, shuffled
    chosen: Any  # (S,) int64: positions among the eligible
    score: Any  # (S,) float64
    luck: Any  # (S,) float64
    best: Any  # (S,) float64
    own: Any  # (S,) float64
    kept: Any  # (state_size,) float64


class Block(NamedTuple):
    """All rows: the fields of `Row` with N in front, as far as rows differ, and the rest as it is."""

    rules: Any  # (1,)
    pages: Any  # (N,)
    captions: Any  # (N, C), and so on
    history: Any
    alive: Any
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
    eligible: Any
    hits: Any
    n: Any
    x: Any
    y: Any
    mean: Any
    usd: Any
    order: Any
    chosen: Any
    score: Any
    luck: Any
    best: Any
    own: Any
    kept: Any
