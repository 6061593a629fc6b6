"""The update job of one page: what is counted at a refresh, and what policies then remember.

Plain functions of the traffic kernel, which binds the policy's `summarise` and `RECOMPUTE`, `WEIGHTED`, `DISCOUNTED`,
`WINDOWED`, `BATCHES`, `CORRECTS` (views count by the chance that a purchase is known), `BY_REVENUE`, and `RECOUNT`
where a message is counted at every refresh (see `recount`). A purchase is known when its message is loaded with the
probability of `share_known`, independently of the others: one binomial thinning per message, exact because the counts
of a message are frozen at its first load.
"""

import math
from collections.abc import Callable

from policies.maths.draws import arm_key, pull_key
from sim.kernels import unbound
from sim.worlds.base import Params
from sim.worlds.count_draws import binomial
from sim.worlds.traffic.feedback.batches import forget_notes, learn_news
from sim.worlds.traffic.feedback.labels import (
    FAILURE,
    NEITHER,
    SOLD,
    SUCCESS,
    emv_of,
    enters_median,
    exact_median,
    forget,
    label_of,
    lower_median,
    remember,
    share_known,
    value_of,
    wrapped,
)
from sim.worlds.traffic.feedback.recount import PRIOR, keep_loaded, recount
from sim.worlds.traffic.records import Record
from sim.worlds.traffic.rows import Row
from sim.worlds.traffic.selection.composite import note_value
from sim.worlds.traffic.selection.likely import note_top

summarise: Callable[..., tuple[float, float]] = unbound("summarise")
BATCHES: bool = unbound("BATCHES")
BY_REVENUE: bool = unbound("BY_REVENUE")
CONSTRAINED: bool = unbound("CONSTRAINED")
CORRECTS: bool = unbound("CORRECTS")
DISCOUNTED: bool = unbound("DISCOUNTED")
RECOMPUTE: bool = unbound("RECOMPUTE")
WEIGHTED: bool = unbound("WEIGHTED")
WINDOWED: bool = unbound("WINDOWED")
RECOUNT: bool = unbound("RECOUNT")
RECORD: bool = unbound("RECORD")
SKIPS: bool = unbound("SKIPS")

LATENESS = 2  # address of the thinning among a use's draws


def refresh(now: int, row: Row, params: Params) -> None:
    """The update job at time `now`: the median first, of all messages loaded by then, then the labels.

    Without loads the job itself sees the messages that are `label_after_s` old.
    """
    page = row.page
    if not row.rules.loads:
        load(now, now - row.rules.label_after_s, row)
    if not RECOUNT and page.loaded_size == 0:
        return
    forget(page, row.job.recent, row.job.positive_values_sorted, now - row.rules.median_s)
    median = current_median(row)
    if RECOUNT:
        for i in range(recount(now, median, row)):
            show(row.work.touched[i], row, params)
    else:
        for i in range(page.loaded_size):
            count(row.job.loaded[wrapped(page.loaded_head + i, row.job.loaded.shape[0])], median, now, row, params)
        page.loaded_size = 0
    if BATCHES:
        learn_news(row, params)


def load(now: int, until: int, row: Row) -> None:
    """Bring the pending messages sent by `until` into the send log; what is known of them is frozen now."""
    page = row.page
    while page.pending_size > 0 and row.job.pending[page.pending_head].time <= until:
        message = row.job.pending[page.pending_head]
        if row.rules.loads and message.time < now - row.rules.report_s:
            row.sums.late += message.purchases  # no report shows the message any more
        else:
            observe(message, now, row)
            keep_loaded(message, row)
        page.pending_head = wrapped(page.pending_head + 1, row.job.pending.shape[0])
        page.pending_size -= 1


def current_median(row: Row) -> float:
    """The median value of the page's window, NaN without messages; 0 where every message that sold is a success."""
    if row.rules.label == SOLD:
        return 0.0
    if row.rules.median_lower:
        return lower_median(row.page, row.job.positive_values_sorted)
    return exact_median(row.page, row.job.positive_values_sorted)


def observe(message: Record, now: int, row: Row) -> None:
    """Find out what is known of a message, and let it into the page's median."""
    known = 0
    if CORRECTS:
        message.left *= share_known(float(now - message.time), row.rules.delay_s)
    if message.purchases > 0:
        key = pull_key(arm_key(row.page.outcome_key, row.tried.history[message.caption].caption_id), message.use)
        share = share_known(float(now - message.time), row.rules.delay_s)
        known = binomial(arm_key(key, LATENESS), message.purchases, share)
    row.sums.counted += known
    row.sums.late += message.purchases - known
    message.purchases, message.emv = known, emv_of(known, message.views, message.price)
    if known == 0 and row.rules.null_if_unsold:
        message.emv = math.nan
    message.value = value_of(row.rules.label, message.emv, known, message.views, message.price)
    row.sums.labels += label_of(message.value, current_median(row)) == SUCCESS
    if RECORD:
        line = row.log[message.ordinal]
        line.known, line.loaded_at, line.attributed = known, now, message.attributed
    if enters_median(row.rules.label, message.value, message.price):
        remember(row.page, row.job.recent, row.job.positive_values_sorted, message.time, message.value)


def count(message: Record, median: float, now: int, row: Row, params: Params) -> None:
    """Count a message in the table and in what the policy sees."""
    c, label = message.caption, label_of(message.value, median)
    tabulate(c, message, label, now, row)
    if CONSTRAINED:
        note_value(c, row)
    if SKIPS:
        note_top(c, row, params)
    row.sums.taught += 1
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


def expire(before: int, row: Row, params: Params) -> None:
    """Delete the rows of the table that were last updated before a time; captions return as if they had none."""
    for c in range(row.tried.history.shape[0]):
        history = row.tried.history[c]
        if RECOUNT:
            table = row.tried.table[row.tried.table_row[c]]
            updated = table.updated if table.runs > 0 else before
        else:
            updated = history.updated if history.observations > 0 else before
        if updated < before:
            history.n = history.s = history.ipw_successes = 0.0
            history.successes = history.failures = history.observations = history.emvs = 0
            history.emv_total = history.emv_last = 0.0
            history.viewed, history.purchased, history.messages, history.earned = 0.0, 0, 0, 0
            if RECOUNT:
                table = row.tried.table[row.tried.table_row[c]]
                table.runs = table.successes = table.failures = table.observations = 0
                table.revenue = table.revenue_null = 0
                table.weighted = 0.0
            if BATCHES:
                forget_notes(c, row)
            if CONSTRAINED:
                note_value(c, row)
            if not RECOMPUTE:
                refresh_score(c, 0.0, row, params)


def show(c: int, row: Row, params: Params) -> None:
    """Let the policy see a row of the table, without the prior."""
    history, table = row.tried.history[c], row.tried.table[row.tried.table_row[c]]
    history.s = max(0.0, float(table.successes - PRIOR))
    history.n = history.s + max(0.0, float(table.failures - PRIOR))
    history.ipw_successes = table.weighted
    if CONSTRAINED:
        note_value(c, row)
    if not RECOMPUTE:
        refresh_score(c, 0.0, row, params)


def tabulate(c: int, message: Record, label: int, now: int, row: Row) -> None:
    """What caption_bandit_stats is made of."""
    history = row.tried.history[c]
    history.successes += 1 if label == SUCCESS else 0
    history.failures += 1 if label == FAILURE else 0
    history.observations += 1
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
    if BATCHES and history.n > 0.0:
        return
    true_mean = mean * caption.price if BY_REVENUE else mean
    caption.a, caption.b = summarise(history.n, history.s, history.ipw_successes, true_mean, params)
    if SKIPS:
        note_top(c, row, params)


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
