"""What a refresh has brought, for policies that learn from that and not only from sums.

Plain functions of the traffic kernel, which binds the policy's `learn_batch`; used where it binds `BATCHES`.
"""

from collections.abc import Callable

from sim.kernels import unbound
from sim.worlds.base import Params
from sim.worlds.traffic.records import BUMP
from sim.worlds.traffic.rows import Row

learn_batch: Callable[..., None] = unbound("learn_batch")


def learn_news(row: Row, params: Params) -> None:
    """Let the policy learn, tier by tier, from the labels that it has not seen yet.

    Counts that the job has lowered bring nothing.
    """
    for tier in range(BUMP + 1):
        start = row.page.tried_start[tier]
        stop = start + row.page.tried[tier]
        if note_news(start, stop, row) > 0.0:
            batch = row.batch
            for c in range(start, stop):
                batch.a[c], batch.b[c] = row.tried.captions[c].a, row.tried.captions[c].b
            learn_batch(
                float(row.sums.sends),
                batch.new_n[start:stop],
                batch.new_s[start:stop],
                batch.notes[start:stop],
                batch.a[start:stop],
                batch.b[start:stop],
                params,
                row.state[tier],
            )
            for c in range(start, stop):
                row.tried.captions[c].a, row.tried.captions[c].b = batch.a[c], batch.b[c]


def note_news(start: int, stop: int, row: Row) -> float:
    """Write what is new of the captions at these places; returns the trials of all."""
    batch, news = row.batch, 0.0
    for c in range(start, stop):
        n, s = row.tried.history[c].n, row.tried.history[c].s
        batch.new_n[c] = max(0.0, n - batch.told[c, 0])
        batch.new_s[c] = min(batch.new_n[c], max(0.0, s - batch.told[c, 1]))
        batch.told[c, 0], batch.told[c, 1] = n, s
        news += batch.new_n[c]
    return news


def forget_notes(c: int, row: Row) -> None:
    """Start anew with a caption whose row of the table is deleted."""
    row.batch.told[c, :] = 0.0
    row.batch.notes[c, :] = 0.0
