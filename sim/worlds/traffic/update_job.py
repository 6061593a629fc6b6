"""The update job of one page: what is counted at a refresh, and what policies then remember.

Plain functions of the traffic kernel, which binds the policy's `summarise` and `RECOMPUTE`, `WEIGHTED`, `DISCOUNTED`,
`WINDOWED`, `BY_REVENUE`, and `RECOUNT` where a message is counted at every refresh (see `recount`). A purchase is known
when its message is loaded with the probability of `share_known`, independently of the others: one binomial thinning per
message, exact because the counts of a message are frozen at its first load.
"""

import math
from collections.abc import Callable

from policies.maths.draws import arm_key, pull_key
from sim.kernels import unbound
from sim.worlds.base import Params
from sim.worlds.count_draws import binomial
from sim.worlds.traffic.labels import (
    FAILURE,
    NEITHER,
    SUCCESS,
    emv_of,
    forget,
    label_of,
    lower_median_emv,
    median_emv,
    remember,
    share_known,
    wrapped,
)
from sim.worlds.traffic.records import Row
from sim.worlds.traffic.recount import PRIOR, keep_loaded, recount

summarise: Callable[..., tuple[float, float]] = unbound("summarise")
BY_REVENUE: bool = unbound("BY_REVENUE")
DISCOUNTED: bool = unbound("DISCOUNTED")
RECOMPUTE: bool = unbound("RECOMPUTE")
WEIGHTED: bool = unbound("WEIGHTED")
WINDOWED: bool = unbound("WINDOWED")
RECOUNT: bool = unbound("RECOUNT")
RECORD: bool = unbound("RECORD")

LATENESS = 2  # address of the thinning among a use's draws


def refresh(now: int, row: Row, params: Params) -> None:
    """The update job at time `now`: the median first, of all messages known by then, then the labels."""
    matured, page = 0, row.page
    while matured < page.pending_size and row.job.pending[at(matured, row)].time + row.rules.label_after_s <= now:
        observe(at(matured, row), now, row)
        matured += 1
    if RECOUNT:
        keep_loaded(matured, row)
        forget(page, row.job.recent, row.job.positive_emvs_sorted, now - row.rules.median_s)
        for i in range(recount(now, current_median(row), row)):
            show(row.work.touched[i], row, params)
    elif matured > 0:
        forget(page, row.job.recent, row.job.positive_emvs_sorted, now - row.rules.median_s)
        median = current_median(row)
        for i in range(matured):
            if row.job.pending[at(i, row)].attributed:
                count(at(i, row), median, now, row, params)
    page.pending_head = at(matured, row)
    page.pending_size -= matured


def current_median(row: Row) -> float:
    """The median EMV of the page's window; NaN without messages."""
    if row.rules.median_lower:
        return lower_median_emv(row.page, row.job.positive_emvs_sorted)
    return median_emv(row.page, row.job.positive_emvs_sorted)


def at(i: int, row: Row) -> int:
    """Place in the ring of the `i`-th oldest message that is not counted yet."""
    return wrapped(row.page.pending_head + i, row.job.pending.shape[0])


def observe(m: int, now: int, row: Row) -> None:
    """Find out what is known of message `m`, and let it into the page's median."""
    message, known = row.job.pending[m], 0
    price = row.tried.captions[message.caption].price if message.caption >= 0 else 0
    if message.purchases > 0:
        key = pull_key(arm_key(row.page.outcome_key, row.tried.history[message.caption].caption_id), message.use)
        share = share_known(float(now - message.time), row.rules.delay_s)
        known = binomial(arm_key(key, LATENESS), message.purchases, share)
    row.sums.counted += known
    row.sums.late += message.purchases - known
    message.purchases, message.emv = known, emv_of(known, message.views, price)
    if known == 0 and row.rules.null_if_unsold:
        message.emv = math.nan
    if RECORD:
        line = row.log[message.ordinal]
        line.known, line.loaded_at, line.attributed = known, now, message.attributed
    if not math.isnan(message.emv):
        remember(row.page, row.job.recent, row.job.positive_emvs_sorted, message.time, message.emv)


def count(m: int, median: float, now: int, row: Row, params: Params) -> None:
    """Count message `m` in the table and in what the policy sees."""
    message = row.job.pending[m]
    c, label = message.caption, label_of(message.emv, median)
    tabulate(c, m, label, now, row)
    if label == NEITHER:
        return
    success, weighted = float(label), 0.0
    if WEIGHTED:
        weighted = success * message.weight
    if WINDOWED:
        keep(message.ordinal, c, success, weighted, row)
    share = 1.0
    if DISCOUNTED:
        share = row.rules.discount ** float(row.page.decayed_at - 1 - message.ordinal)
    learn(c, share, share * success, share * weighted, row)
    if not RECOMPUTE:
        refresh_score(c, 0.0, row, params)


def show(c: int, row: Row, params: Params) -> None:
    """Let the policy see a row of the table, without the prior."""
    history, table = row.tried.history[c], row.tried.table[c]
    history.s = max(0.0, float(table.successes - PRIOR))
    history.n = history.s + max(0.0, float(table.failures - PRIOR))
    history.ipw_successes = table.weighted
    if not RECOMPUTE:
        refresh_score(c, 0.0, row, params)


def tabulate(c: int, m: int, label: int, now: int, row: Row) -> None:
    """What caption_bandit_stats is made of."""
    history, message = row.tried.history[c], row.job.pending[m]
    history.successes += 1 if label == SUCCESS else 0
    history.failures += 1 if label == FAILURE else 0
    history.observations += 1
    history.purchased += message.purchases
    history.viewed += message.views
    if not math.isnan(message.emv):
        history.emv_total += message.emv
        history.emvs += 1
        history.emv_last = message.emv
    history.sent_last = message.time
    history.updated = now


def learn(c: int, trials: float, successes: float, weighted: float, row: Row) -> None:
    """Add to what the policy sees of a caption."""
    row.tried.history[c].n += trials
    row.tried.history[c].s += successes
    row.tried.history[c].ipw_successes += weighted


def refresh_score(c: int, mean: float, row: Row, params: Params) -> None:
    """Bring `a` and `b` up to the statistics of a caption, and to the truth: `mean` purchases per view."""
    caption, history = row.tried.captions[c], row.tried.history[c]
    true_mean = mean * caption.price if BY_REVENUE else mean
    caption.a, caption.b = summarise(history.n, history.s, history.ipw_successes, true_mean, params)


def keep(ordinal: int, c: int, success: float, weighted: float, row: Row) -> None:
    """Note a label that will leave the policy's window."""
    label = row.job.labelled[wrapped(row.page.labelled_head + row.page.labelled_size, row.job.labelled.shape[0])]
    label.ordinal, label.caption, label.success, label.weight = ordinal, c, success, weighted
    row.page.labelled_size += 1


def recall(row: Row) -> None:
    """Before a decision: let old labels fade, by the page's sends since the last time, or leave the window."""
    if DISCOUNTED:
        fade(row.rules.discount ** float(row.sums.sends - row.page.decayed_at), row)
        row.page.decayed_at = row.sums.sends
    oldest = row.sums.sends - row.rules.window
    while WINDOWED and row.page.labelled_size > 0 and row.job.labelled[row.page.labelled_head].ordinal < oldest:
        label = row.job.labelled[row.page.labelled_head]
        learn(label.caption, -1.0, -label.success, -label.weight, row)
        row.page.labelled_head = wrapped(row.page.labelled_head + 1, row.job.labelled.shape[0])
        row.page.labelled_size -= 1


def fade(share: float, row: Row) -> None:
    """Keep `share` of all that the policy sees."""
    for c in range(row.tried.captions.shape[0]):
        row.tried.history[c].n *= share
        row.tried.history[c].s *= share
        row.tried.history[c].ipw_successes *= share
