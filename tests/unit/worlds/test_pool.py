"""Random pools of arms, as plain functions: who is in them, when they change, what a policy is shown."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from sim.worlds.metrics.lock_out import can_lock_out
from sim.worlds.selection.pool import new_pool, place_of, pool_of, show_pool
from sim.worlds.table.rows import new_pools, pool_of_page
from sim.worlds.traffic.bank.pool import fill_up, keep_pools, lose_cold
from sim.worlds.traffic.records import CAPTION, PAGE, RETIRED

KEY = np.uint64(0x1234567)
ARMS = 12
KNOWN = np.arange(ARMS, dtype=float)


def members(size: int, key: int = 7, time: float = 0.0, renew: float | None = None) -> list[int]:
    pool = pool_of(new_pool(1, ARMS, size, renew), 0)
    with np.errstate(over="ignore"):
        show_pool(time, np.uint64(key), KNOWN, 10.0 * KNOWN, -KNOWN, pool)
    assert pool.n.tolist() == (pool.a / 10.0).tolist() == (-pool.b).tolist()
    return [int(arm) for arm in pool.n]


def test_a_pool_holds_different_arms_and_is_part_of_a_larger_one() -> None:
    five, all_arms = members(5), members(50)
    assert len(set(five)) == 5
    assert all_arms[:5] == five
    assert sorted(all_arms) == list(range(ARMS))


def test_each_arm_is_in_as_many_pools_as_another() -> None:
    """Chi-square of 600 pools of 3 of 12 arms; the bound is exceeded once in 1e4 times."""
    counts = np.bincount([arm for key in range(600) for arm in members(3, key)], minlength=ARMS)
    expected = 600 * 3 / ARMS
    assert ((counts - expected) ** 2 / expected).sum() < 37.4
    counts[0] += 90  # a seeded mistake
    assert ((counts - expected) ** 2 / expected).sum() > 37.4


def test_a_pool_lasts_until_it_is_renewed() -> None:
    assert members(4, time=0.0, renew=30.0) == members(4, time=29.9, renew=30.0)
    assert members(4, time=30.0, renew=30.0) != members(4, time=29.9, renew=30.0)
    assert members(4, time=1e9) == members(4)


def test_the_place_of_an_arm_is_where_the_policy_sees_it() -> None:
    pool = pool_of(new_pool(2, ARMS, 4, None), 1)
    with np.errstate(over="ignore"):
        show_pool(0.0, KEY, KNOWN, KNOWN, KNOWN, pool)
    places = [place_of(arm, pool) for arm in range(ARMS)]
    assert sorted(places) == [-1] * (ARMS - 4) + [0, 1, 2, 3]
    assert all(pool.order[place] == arm for arm, place in enumerate(places) if place >= 0)


def test_pages_of_a_table_have_pools_of_their_own_and_small_ones_all_arms() -> None:
    pools = new_pools((2, 10), 2, 4, 20.0)
    large, small = pool_of_page(pools, 0, 7, 1, 0), pool_of_page(pools, 7, 10, 1, 1)
    assert (large.order.shape, large.n.shape, small.order.shape, small.n.shape) == ((7,), (4,), (3,), (3,))
    with np.errstate(over="ignore"):
        show_pool(45.0, KEY, KNOWN[7:10], KNOWN[7:10], KNOWN[7:10], small)
    assert sorted(small.n) == [7.0, 8.0, 9.0]
    assert small.number[0] == 2
    none = pool_of_page(new_pools((2, 10), 2, None, np.inf), 7, 10, 1, 1)
    assert none.order.shape == none.n.shape == (0,)


def test_an_arm_outside_a_pool_is_locked_out_unless_the_pool_is_renewed() -> None:
    steady: Any = SimpleNamespace(bounded_support=False, deterministic=True)
    assert not can_lock_out(steady)
    assert can_lock_out(steady, pooled=True)
    assert not can_lock_out(steady, pooled=True, renewed=True)


def page_of_captions(tried: int, retired: int, cold: int, pool: int, renew: float = np.inf) -> Any:
    """A page with captions of tier 0 alone; the first `retired` of the tried ones have retired."""
    page, captions = np.zeros(1, PAGE), np.zeros(tried, CAPTION)
    page["tried"][0, 0], page["cold"][0, 0], page["pool_number"][0], page["pool_key"][0] = tried, cold, -1, 99
    page["tried_start"][0, 1:] = tried
    captions["last_used"][:retired] = RETIRED
    rules = SimpleNamespace(pool=pool, renew=renew)
    records = captions.view(np.recarray)
    return SimpleNamespace(page=page.view(np.recarray)[0], rules=rules, tried=SimpleNamespace(captions=records))


def in_pool(row: Any) -> int:
    alive = row.tried.captions.last_used != RETIRED
    return int(row.tried.captions.pooled[alive].sum() + row.page.pool_cold[0])


def keep(row: Any, day: int) -> None:
    with np.errstate(over="ignore"):
        keep_pools(day, row)


def test_a_pool_of_captions_is_full_and_holds_none_that_retired() -> None:
    row = page_of_captions(tried=20, retired=5, cold=30, pool=12)
    keep(row, 0)
    assert in_pool(row) == 12
    assert row.tried.captions.pooled[:5].sum() == 0
    assert 0 < row.page.pool_cold[0] < 12


def test_a_pool_larger_than_the_tier_holds_all_of_it() -> None:
    row = page_of_captions(tried=4, retired=1, cold=6, pool=100)
    keep(row, 0)
    assert (in_pool(row), row.page.pool_cold[0]) == (9, 6)


def test_cold_and_tried_captions_are_drawn_with_equal_chances() -> None:
    """15 of 40 captions are tried: of 12 drawn 4.5 on average; four standard errors of 400 hypergeometric numbers."""
    found = []
    for day in range(0, 7 * 400, 7):
        row = page_of_captions(tried=15, retired=0, cold=25, pool=12, renew=1.0)
        keep(row, day)
        found.append(12 - row.page.pool_cold[0])
    error = np.sqrt(12 * (15 / 40) * (25 / 40) * (28 / 39) / 400)
    assert abs(np.mean(found) - 4.5) < 4 * error
    assert abs(np.mean(found) - 5.0) > 4 * error


def test_captions_that_retire_are_replaced_weekly_and_others_stay() -> None:
    row = page_of_captions(tried=20, retired=0, cold=30, pool=12)
    keep(row, 0)
    before = row.tried.captions.pooled.copy()
    gone = np.flatnonzero(before)[0]
    row.tried.captions.last_used[gone] = RETIRED
    keep(row, 1)
    assert in_pool(row) == 11
    keep(row, 7)
    assert in_pool(row) == 12
    kept = np.flatnonzero(before)[1:]
    assert (row.tried.captions.pooled[kept] == 1).all()


def test_a_renewed_pool_is_another_one() -> None:
    row = page_of_captions(tried=40, retired=0, cold=0, pool=10, renew=3.0)
    keep(row, 0)
    first = row.tried.captions.pooled.copy()
    keep(row, 2)
    assert (row.tried.captions.pooled == first).all()
    keep(row, 3)
    assert row.tried.captions.pooled.sum() == 10
    assert (row.tried.captions.pooled != first).any()


@pytest.mark.parametrize(("cold", "inside", "retiring", "left"), [(30, 12, 30, 0), (30, 30, 4, 26), (30, 0, 9, 0)])
def test_cold_captions_leave_the_pool_as_they_retire(cold: int, inside: int, retiring: int, left: int) -> None:
    row = page_of_captions(tried=1, retired=0, cold=cold, pool=40)
    row.page.pool_cold[0] = inside
    with np.errstate(over="ignore"):
        lose_cold(0, retiring, 3, row)
    assert row.page.pool_cold[0] == left


def test_a_full_pool_takes_nobody_in() -> None:
    row = page_of_captions(tried=9, retired=0, cold=9, pool=5)
    row.page.pool_cold[0] = 6
    with np.errstate(over="ignore"):
        fill_up(0, KEY, row)
    assert in_pool(row) == 6
