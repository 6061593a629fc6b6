"""What refreshes bring, as plain functions: news of labels, expected known outcomes, sums over rows."""

import math
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from policies.greedy import Greedy
from sim.worlds.bernoulli import feedback, kernel
from sim.worlds.bernoulli.rows import RowKeys, new_rows, row_of
from sim.worlds.traffic.feedback import batches
from sim.worlds.traffic.records import CAPTION, HISTORY

NO_KEYS = RowKeys(*(np.zeros(6, np.uint64) for _ in range(5)))


def bound(function: Any, **names: Any) -> Any:
    return FunctionType(function.__code__, {**function.__globals__, **names})


class Batched(Greedy):
    """Greedy with the records of a policy that reads batches."""

    reads_batches = True
    note_size = 2


def test_expected_known_outcomes_are_the_sum_of_chances_over_pulls() -> None:
    """Pulls at 0, 1, 5 and 12 with a geometric delay of mean 3, refreshes every 4 pulls."""
    plan: Any = SimpleNamespace(delay_scale=-math.log1p(1.0 / 3.0), refresh_every=4)
    plan.unknown_left = math.exp(plan.delay_scale * 4)
    row = row_of(new_rows(np.zeros((6, 2)), Greedy(), NO_KEYS, expects=True), 0)
    pulls = [0, 1, 5, 12]
    for u in (4, 8, 12, 16):
        for t in pulls:
            if u - 4 <= t < u:
                row.recent[1] += math.exp(plan.delay_scale * (u - t))
                row.pulled[1] += 1
        feedback.expect_known(row, plan)
        chances = [1.0 - 0.75 ** (u - t) for t in pulls if t < u]  # P(delay >= k) = 0.75 ** k
        assert row.n[1] == pytest.approx(sum(chances))
        assert row.n[0] == 0.0
    assert row.stale.all()


def test_a_refresh_tells_a_policy_only_what_is_new() -> None:
    told: list[tuple[float, list[float], list[float]]] = []

    def learn_batch(t: float, n: Any, s: Any, notes: Any, a: Any, b: Any, params: Any, state: Any) -> None:
        told.append((t, n.tolist(), s.tolist()))
        a[:] = -1.0

    row = row_of(new_rows(np.zeros((6, 3)), Batched(), NO_KEYS), 0)
    learn = bound(feedback.learn_news, learn_batch=learn_batch)
    row.n[:], row.s[:] = [3.0, 0.0, 2.0], [1.0, 0.0, 2.0]
    learn(10, row, ())
    learn(20, row, ())
    row.n[1] += 4.0
    learn(30, row, ())
    assert told == [(10.0, [3.0, 0.0, 2.0], [1.0, 0.0, 2.0]), (30.0, [0.0, 4.0, 0.0], [0.0, 0.0, 0.0])]
    assert (row.a == -1.0).all()


def test_a_newcomer_starts_without_notes() -> None:
    row = row_of(new_rows(np.zeros((6, 3)), Batched(), NO_KEYS), 0)
    row.batch.notes[:], row.batch.told_n[:] = 5.0, 2.0
    bound(feedback.forget, BATCHES=True)(1, row)
    assert row.batch.notes.tolist() == [[5.0, 5.0], [0.0, 0.0], [5.0, 5.0]]
    assert row.batch.told_n.tolist() == [2.0, 0.0, 2.0]


def test_sums_are_over_the_rows_of_a_replication() -> None:
    rows = new_rows(np.zeros((6, 2)), Greedy(), NO_KEYS, reads_all=True)
    rows.n[:], rows.s[:] = np.arange(12.0).reshape(6, 2), np.ones((6, 2))
    for first in (0, 3):
        kernel.add_up(first, 3, rows)
    assert rows.n_all.tolist() == [[6.0, 9.0]] * 3 + [[24.0, 27.0]] * 3
    assert (rows.s_all == 3.0).all()


def caption_row(n: list[float], s: list[float]) -> Any:
    captions, history = np.zeros(len(n), CAPTION).view(np.recarray), np.zeros(len(n), HISTORY).view(np.recarray)
    history.n, history.s = n, s
    size = len(n)
    batch = SimpleNamespace(
        told=np.zeros((size, 2)),
        new_n=np.zeros(size),
        new_s=np.zeros(size),
        a=np.zeros(size),
        b=np.zeros(size),
        notes=np.zeros((size, 1)),
    )
    page = SimpleNamespace(tried_start=[0, 2, 2, 2], tried=[2, 0, 0, size - 2])
    return SimpleNamespace(
        tried=SimpleNamespace(captions=captions, history=history),
        batch=batch,
        page=page,
        sums=SimpleNamespace(sends=17),
        state=np.zeros((4, 1)),
    )


def test_captions_learn_tier_by_tier_and_lowered_counts_bring_nothing() -> None:
    seen: list[tuple[list[float], list[float]]] = []

    def learn_batch(t: float, n: Any, s: Any, notes: Any, a: Any, b: Any, params: Any, state: Any) -> None:
        assert t == 17.0
        seen.append((n.tolist(), s.tolist()))
        a += n
        state[0] += 1.0

    row = caption_row([2.0, 1.0, 5.0], [1.0, 0.0, 5.0])
    learn = bound(batches.learn_news, learn_batch=learn_batch)
    learn(row, ())
    assert seen == [([2.0, 1.0], [1.0, 0.0]), ([5.0], [5.0])]
    assert row.tried.captions.a.tolist() == [2.0, 1.0, 5.0]
    row.tried.history.n[0], row.tried.history.s[0] = 1.0, 1.0  # as after a decay
    row.tried.history.n[1] = 2.0
    learn(row, ())
    assert seen[2:] == [([0.0, 1.0], [0.0, 0.0])]
    assert row.state.ravel().tolist() == [2.0, 0.0, 0.0, 1.0]


def test_a_deleted_row_of_the_table_starts_anew() -> None:
    row = caption_row([2.0, 1.0, 5.0], [1.0, 0.0, 5.0])
    row.batch.told[:], row.batch.notes[:] = 2.0, 3.0
    batches.forget_notes(1, row)
    assert row.batch.told[1].tolist() == [0.0, 0.0]
    assert row.batch.notes.ravel().tolist() == [3.0, 0.0, 3.0]
