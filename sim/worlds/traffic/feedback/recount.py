"""The deployed way of counting: every refresh adds all messages of the last days to the table once more.

Plain functions of the traffic kernel, used where `feedback.counting` is `every_refresh`. The rules are those of
`sql/jobs/update_as_deployed.sql`, of which this is the compiled twin: per page and refresh,

    ring `loaded` ──> roll-up per caption (fields `rolled…` of TABLE) ──> row of the table ──> what the policy sees

A message leaves the ring once it is older than the look-back.
"""

import math

from sim.worlds.traffic.feedback.labels import FAILURE, SUCCESS, label_of, wrapped
from sim.worlds.traffic.records import Record
from sim.worlds.traffic.rows import Row

PRIOR = 1  # successes and failures of a new row


def keep_loaded(message: Record, row: Row) -> None:
    """Copy a loaded message into the ring of those to count; one without a caption or a view teaches nothing."""
    page = row.page
    if message.attributed and message.views > 0:
        copy = row.job.loaded[wrapped(page.loaded_head + page.loaded_size, row.job.loaded.shape[0])]
        copy.time, copy.caption, copy.weight = message.time, message.caption, message.weight
        copy.ordinal, copy.sent, copy.views = message.ordinal, message.sent, message.views
        copy.purchases, copy.price = message.purchases, message.price
        copy.emv, copy.value = message.emv, message.value
        copy.use = 0  # not counted yet
        page.loaded_size += 1
        history = row.tried.history[message.caption]
        history.viewed += message.views * message.left  # sales count once, whatever the table does
        history.purchased += message.purchases
        history.messages += 1
        history.earned += message.purchases * message.price


def drop_older(before: int, row: Row) -> None:
    """Let go of the messages sent before time `before`."""
    page, ring = row.page, row.job.loaded
    while page.loaded_size > 0 and ring[page.loaded_head].time < before:
        page.loaded_head = wrapped(page.loaded_head + 1, ring.shape[0])
        page.loaded_size -= 1


def recount(now: int, median: float, row: Row) -> int:
    """Add the roll-up of the look-back to the table; returns how many captions `row.work.touched` then lists.

    Without a median there is no message to compare with: the job raises, and nothing changes.
    """
    drop_older(now - row.rules.look_back_s, row)
    if row.page.loaded_size == 0:
        return 0
    touched = 0
    for i in range(row.page.loaded_size):
        message = row.job.loaded[wrapped(row.page.loaded_head + i, row.job.loaded.shape[0])]
        table = row.tried.table[own_row(message.caption, row)]
        if table.rolled == 0:
            row.work.touched[touched] = message.caption
            touched += 1
        row.sums.taught += message.use == 0
        message.use = 1
        roll_up(message, label_of(message.value, median), table)
    for i in range(touched):
        c = row.work.touched[i]
        add(row.tried.table[row.tried.table_row[c]], now, row)
    return touched


def own_row(c: int, row: Row) -> int:
    """The place in the table of a tried caption's own row, a new one at the first message."""
    if row.tried.table_row[c] == 0:
        row.page.table_rows += 1
        row.tried.table_row[c] = row.page.table_rows
    return row.tried.table_row[c]  # type: ignore[no-any-return]


def roll_up(message: Record, label: int, table: Record) -> None:
    """Add one message to the roll-up of its caption."""
    table.rolled += 1
    table.rolled_sent += message.sent
    table.rolled_purchases += message.purchases
    table.rolled_revenue += message.purchases * message.price
    if label == SUCCESS:
        table.rolled_successes += 1
        table.rolled_weight += message.weight
    if label == FAILURE:
        table.rolled_failures += 1
    if not math.isnan(message.emv):
        table.rolled_emvs += 1
        table.rolled_emv += message.emv


def add(table: Record, now: int, row: Row) -> None:
    """Add a roll-up to its row, or insert the row with the prior; the roll-up is 0 again afterwards."""
    exists = table.runs > 0
    successes = decayed(table.successes, row.rules.decay) if exists else PRIOR
    failures = decayed(table.failures, row.rules.decay) if exists else PRIOR
    successes, failures = capped(successes + table.rolled_successes, failures + table.rolled_failures, row.rules.cap)
    emv = table.rolled_emv / table.rolled_emvs if table.rolled_emvs > 0 else math.nan
    table.successes, table.failures = successes, failures
    table.observations += table.rolled
    table.revenue += table.rolled_revenue
    if row.rules.null_if_unsold and not row.rules.null_is_zero and table.rolled_purchases == 0:
        table.revenue_null = 1
    table.conversion_rate = table.rolled_purchases / table.rolled_sent
    if row.rules.null_if_unsold and table.rolled_purchases == 0:
        table.conversion_rate = math.nan
    table.emv, table.last_emv = emv, emv if exists else math.nan
    table.last_used, table.updated = now if exists else -1, now
    table.weighted += table.rolled_weight
    table.runs += 1
    clear(table)


def decayed(count: int, decay: float) -> int:
    """What is left of a count, rounded half up."""
    return math.floor(count * decay + 0.5)


def capped(successes: int, failures: int, cap: int) -> tuple[int, int]:
    """Both counts scaled so that they add up to `cap`, where they exceed it; each rounded half up."""
    total = successes + failures
    if cap == 0 or total <= cap:
        return successes, failures
    share = cap / total
    return math.floor(successes * share + 0.5), math.floor(failures * share + 0.5)


def clear(table: Record) -> None:
    """Empty the roll-up."""
    table.rolled = table.rolled_successes = table.rolled_failures = 0
    table.rolled_sent = table.rolled_purchases = table.rolled_revenue = table.rolled_emvs = 0
    table.rolled_emv = table.rolled_weight = 0.0
