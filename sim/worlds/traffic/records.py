"""The records that the arrays of a block of the traffic world hold; `rows.py` groups the arrays.

A row is one page of one replication; a block has N rows. C is the number of captions that a page ever has, ordered by
tier and then by caption_id; W is how many of them can ever be tried; S is the largest number of messages per page and
day. Times are whole seconds since the scenario's start. Arrays hold records: fields that are used together lie
together, and kernels compile faster.

The life of a caption (`bank/turnover.py`, `selection/choose.py`):

    arrives ──> COLD ────── chosen for the first time ──────> TRIED <──────────────┐
                 │ no record of its own, only              │   │ own CAPTION and   │ cool-down
                 │ its ENTRY in the bank                   │   │ HISTORY records   │ ends
                 │                                         │   └─ sent ─> COOLING ─┘
                 └─ its last week ends ──> RETIRED <───────┴─ its last week ends ───┘

    A policy that does not treat cold captions as equals sees no cold ones: there a caption is tried on arrival.

The path of a message (`kernel.py`, `feedback/update_job.py`):

    SENT (SLOT) ──> PENDING (MESSAGE, ring `pending`) ──> LOADED: a refresh runs and the message is old enough
        ──> COUNTED: known purchases, EMV and label enter HISTORY; its value enters the ring `recent` for the median
        ──> SEEN: a and b of the caption are computed anew, and the next decision uses them
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Records = NDArray[np.void]
"""A structured array."""
Record = Any
"""A record of such an array; in compiled code its fields are attributes."""
Shorts = NDArray[np.int16]
Ints = NDArray[np.int32]

NOT_FILLED, BY_HAND = -1, -2  # in place of a caption in a slot
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
        ("label_after_s", "i8"),
        ("loads", "i8"),  # whether messages reach the log by loads, and not by the update job itself
        ("lag_s", "i8"),  # age that a message has at least when it is loaded
        ("report_s", "i8"),  # age at which a load no longer shows a message
        ("median_s", "i8"),
        ("label", "i8"),  # place of `feedback.label` in LABELS
        ("median_lower", "i8"),  # 1: the lower middle value, as an approximate median may be; 0: the exact median
        ("look_back_s", "i8"),  # age up to which every refresh adds a message again; 0: each message is counted once
        ("null_if_unsold", "i8"),  # 1: a message that sold nothing is recorded as NULL
        ("null_is_zero", "i8"),  # 1: a sum of only NULL earnings is 0; 0: it is NULL, and the total stays NULL
        ("decay", "f8"),  # factor of a row's counts before an addition
        ("cap", "i8"),  # most that the counts of a row may add up to; 0: no limit
        ("cool_down_s", "i8"),
        ("budgets", "i8"),  # of the composite selection: whether weekly uses are limited per category and urgency
        ("rank_defect", "i8"),  # whether excluded captions use up ranks
        ("no_row_dollars", "i8"),  # whether a caption without a row is valued by the bank's dollars per send
        ("sweep", "i8"),  # whether locks end with their day, so that cool-down and budgets see today only
        ("bump_by_hand", "i8"),  # whether unpriced messages are sent without a caption of the bank
        ("fatigue_drop", "f8"),
        ("drift_sigma", "f8"),
        ("message_shape", "f8"),  # of the gamma noise of a message's rate; 0: none
        ("delay_s", "f8"),  # mean time from send to purchase
        ("mean_views", "f8"),  # share of fans who view a priced message
        ("expected_views", "f8"),  # the same, allowing for shares that would exceed 1
        ("priced_mu", "f8"),  # of the logarithm of that share: mean
        ("priced_sigma", "f8"),  # and standard deviation
        ("unpriced_mu", "f8"),
        ("unpriced_sigma", "f8"),
        ("assumed_drop", "f8"),  # what the policy believes about fatigue
        ("assumed_half_life", "f8"),  # days
        ("seasons_known", "i8"),  # whether views count by the factors of weekday, holiday and hour
        ("discount", "f8"),  # what policies forget, see policies.base.Memory
        ("window", "i8"),
        ("pool", "i8"),  # captions of a tier that the policy chooses from; 0: all
        ("renew", "f8"),  # days that a pool lasts
    ]
)
"""The numbers that are the same for all pages."""

PAGE = np.dtype(
    [
        ("replication", "i8"),  # index into the block
        ("number", "i8"),  # of the page within its replication, from 0
        ("fans", "i8"),
        ("priced_low", "i8"),  # priced messages per day
        ("priced_high", "i8"),
        ("gap_s", "i8"),
        ("phase", "f8"),  # when the page's day of priced messages begins, as a share of the gap
        ("slot_key", "u8"),  # plan of a day
        ("view_key", "u8"),
        ("outcome_key", "u8"),
        ("drift_key", "u8"),
        ("bank_key", "u8"),  # of the bank, which pages may share
        ("own_key", "u8"),  # of what the bank's captions are on this page
        ("shared_drift_key", "u8"),
        ("shared_coins", "u8"),  # bits of a drift's coins that all pages of the replication share
        ("policy_key", "u8"),
        ("pool_key", "u8"),
        ("tier_start", "i8", TIER_EDGES),  # where each tier begins in the bank; C
        ("tried_start", "i8", TIER_EDGES),  # the same among the tried; W
        ("arrived", "i8", TIERS),  # captions of each tier that are in the bank or were
        ("cold", "i8", TIERS),  # cold captions of each tier that are in the bank
        ("listed", "i8", TIERS),  # the same with those that retired since `Row.bank.cold` was last tidied
        ("tried", "i8", TIERS),  # tried captions of each tier, those included that are retired
        ("pool_number", "i8"),  # of the present pool; −1 before the first
        ("pool_cold", "i8", TIERS),  # cold captions in it
        ("least", "f8", TIERS),  # of the composite score: the tier's next decision hardly sends a caption below it
        ("likely", "i8"),  # captions in `Row.work.likely`
        ("outside", "i8"),  # eligible captions of the tier in turn that are not in its pool
        ("week", "i8"),  # the last one begun
        ("alive", "i8"),  # captions in the bank
        ("top_rate", "f8", TIERS),  # a tenth of the captions at start exceed it
        ("cutoff_rate", "f8", TIERS),  # more than `rank_cutoff.RANK_CUTOFF` captions exceed it this week; or 0
        ("day", "i8"),  # the next day to plan
        ("refresh", "i8"),  # number of the next refresh, from 0
        ("load", "i8"),  # number of the next load
        ("slot", "i8"),  # the next slot of today's plan
        ("slots", "i8"),  # slots of today's plan
        ("priced_sends", "i8"),  # priced slots planned so far
        ("price_factor", "f8"),  # of prices now, against those at start
        ("replaced", "i8"),  # whether the sampling function is replaced today
        ("aborted", "i8"),  # whether a locked caption has aborted today's call
        ("table_rows", "i8"),  # rows of `Row.tried.table` that were ever inserted
        ("assigned", "i8"),  # messages with a caption so far, where recent uses are kept
        ("decayed_at", "i8"),  # the value of `sends` that discounted statistics refer to
        ("pending_head", "i8"),  # of the ring `Row.job.pending`
        ("pending_size", "i8"),
        ("loaded_head", "i8"),  # of the ring `Row.job.loaded`
        ("loaded_size", "i8"),
        ("recent_head", "i8"),  # of the ring `Row.job.recent`
        ("recent_size", "i8"),
        ("positives", "i8"),  # values above 0 in it, which `Row.job.positive_values_sorted` holds
        ("labelled_head", "i8"),  # of the ring `Row.job.labelled`
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
        ("labels", "i8"),  # messages whose value exceeded the median of those loaded before
        ("emv", "f8"),  # dollars, over all messages, with all purchases
        ("taught", "i8"),  # messages that the table counts, each once
        ("free_regret_usd", "f8"),  # against a clairvoyant without cool-down and budgets, day by day
        ("expected_usd", "f8"),  # of the messages sent: revenue without the luck of views and sales
    ]
)
"""The sums of a page, or of all pages of a replication, since time zero."""

WEEK = np.dtype(
    [
        ("sends", "i8"),  # messages with a caption; all below are among them
        ("explored", "i8"),  # of captions with few observations, or a wide interval, in the table
        ("cold", "i8"),  # of captions that had been sent fewer than 10 times
        ("distinct", "i8"),  # captions
        ("priced", "i8"),
        ("top", "i8"),  # of which with a caption of the page's and tier's top decile
        ("price", "i8"),  # dollars, their sum
        ("revenue", "i8"),  # dollars
    ]
)
"""What a page sent in a week."""

ENTRY = np.dtype(
    [
        ("log_rate", "f8"),  # of the purchases per view of a fresh caption, drift included; −inf: unpriced
        ("caption_id", "i4"),  # from 1, in order of arrival
        ("price", "i2"),  # dollars; 0: unpriced
        ("retires", "i2"),  # first week in which it is no longer in the bank, or any beyond the horizon
    ]
)
"""A caption in the bank, tried or cold; those that are yet to arrive included."""

CAPTION = np.dtype(
    [
        ("rate", "f8"),  # purchases per view of a fresh caption at neutral factors, drift included
        ("a", "f8"),  # the policy's `summarise`
        ("b", "f8"),
        ("last_used", "i4"),  # time of the last send
        ("price", "i4"),  # dollars; 0: unpriced
        ("place", "i4"),  # in the bank
        ("pooled", "i4"),  # whether it is in the pool
        ("kind", "i4"),  # of the composite selection: 2 × category + urgency
    ],
    align=True,
)
"""What choosing looks at, of every tried caption: kept small, since pages take turns and share the cache."""

HISTORY = np.dtype(
    [
        ("wear", "f8"),  # share of the rate lost to repetition, as of day `worn_on`
        ("n", "f8"),  # labels that the policy sees, discounted or windowed as it wants
        ("s", "f8"),  # successes that the policy sees
        ("ipw_successes", "f8"),  # importance-weighted successes
        ("purchased", "i8"),
        ("earned", "i8"),  # dollars
        ("messages", "i8"),  # that these purchases and views are of
        ("viewed", "f8"),  # views, each by the share of a fresh rate that the policy believed in
        ("assumed_wear", "f8"),  # the policy's belief about `wear`
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
"""What has happened to a tried caption, and what the update job has counted of it."""

SLOT = np.dtype(
    [
        ("time", "i8"),
        ("number", "i8"),  # address of the slot within the page, whatever the policy
        ("tier", "i8"),
        ("caption", "i8"),  # its place among the tried; −1: none was eligible; −2: sent by hand, without a caption
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
        ("sent", "i8"),  # recipients
        ("price", "i8"),  # dollars
        ("views", "i8"),
        ("purchases", "i8"),  # all that will ever come; once the update job looks, those known
        ("attributed", "i8"),  # whether the send log names its caption
        ("weight", "f8"),
        ("left", "f8"),  # share of a fresh caption's rate, by the policy's belief
        ("emv", "f8"),  # filled in by the update job
        ("value", "f8"),  # what the label compares with the median; likewise
    ]
)
"""A message that the update job has not counted yet."""

RECENT = np.dtype([("time", "i8"), ("value", "f8")])
"""A loaded message of the last days that enters the median."""

LABEL = np.dtype([("ordinal", "i8"), ("caption", "i8"), ("success", "f8"), ("weight", "f8")])
"""A label inside a policy's window of sends."""

LINE = np.dtype(
    [
        ("time", "i8"),
        ("caption", "i8"),
        ("sent", "i8"),  # recipients
        ("price", "i8"),  # dollars
        ("views", "i8"),
        ("purchases", "i8"),  # all that will ever come
        ("known", "i8"),  # those that the send log shows, frozen when the message was loaded
        ("loaded_at", "i8"),  # time of the load; −1: not loaded yet
        ("attributed", "i8"),
        ("propensity", "f8"),
    ]
)
"""A line of the log of sends."""

TABLE = np.dtype(
    [
        ("successes", "i8"),  # with the prior
        ("failures", "i8"),
        ("observations", "i8"),
        ("revenue", "i8"),  # dollars
        ("revenue_null", "i8"),  # whether total_revenue is NULL, for ever
        ("conversion_rate", "f8"),
        ("emv", "f8"),  # of the last roll-up; NaN: NULL
        ("last_emv", "f8"),  # NaN: NULL
        ("last_used", "i8"),  # −1: NULL
        ("updated", "i8"),
        ("runs", "i8"),  # of the job that wrote the row: 0 where there is no row, 1 for a new one
        ("weighted", "f8"),  # importance-weighted successes, for policies that ask for them
        ("rolled_sent", "i8"),  # recipients
        ("rolled", "i8"),  # messages in the roll-up; what follows is the roll-up of this run, 0 between runs
        ("rolled_successes", "i8"),
        ("rolled_failures", "i8"),
        ("rolled_purchases", "i8"),
        ("rolled_revenue", "i8"),  # dollars
        ("rolled_emvs", "i8"),
        ("rolled_emv", "f8"),  # sum
        ("rolled_weight", "f8"),
    ]
)
"""A row of caption_bandit_stats as the deployed job keeps it: kept where a message is counted at every refresh."""
