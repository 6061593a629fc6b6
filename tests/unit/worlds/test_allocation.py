"""Where sends went: ranks, bins, cold sends and entropies, against counting by hand."""

import math

import numpy as np

from sim.worlds.metrics.allocation import GONE, RANK_BINS, UNIT, UNRANKED, AllocationCounter, bin_of, rank_bins

OFFSETS = np.array([0, 2, 5])


def test_rank_one_is_the_largest_rate_of_the_page_and_equal_rates_go_by_position():
    bins = rank_bins(np.array([[0.1, 0.2, 0.3, 0.5, 0.3], [0.9, 0.1, 0.0, 0.0, 0.0]]), OFFSETS)
    assert bins.tolist() == [[1, 0, 1, 0, 2], [0, 1, 0, 1, 2]]


def test_bins_hold_every_rank_once():
    expected = [index for index, (low, high) in enumerate(RANK_BINS) for _ in range(low, (high or 300) + 1)]
    assert rank_bins(-np.arange(300.0)[None, :], np.array([0, 300])).tolist() == [expected]
    assert [bin_of(rank) for rank in range(1, 301)] == expected


def test_sends_are_counted_since_the_last_tally_by_the_bins_of_their_time():
    counter, captions = AllocationCounter(2, OFFSETS), np.array([[2, 3], [2, 3]])
    first = np.array([[3, 1, 0, 12, 0], [0, 0, 0, 0, 1]])
    bins = np.array([[0, 1, 1, 0, 2], [0, UNRANKED, 0, 1, GONE]], np.int8)
    tally = counter.tally(first, bins, captions)
    assert tally.by_bin[[0, 1, 2, GONE]].tolist() == [15, 1, 0, 1]
    assert (tally.known, tally.cold, tally.active, tally.spread) == (17, 3 + 1 + 10 + 1, 3, 2)
    pages = [(3, 1), (12,), (1,)]
    entropy = [-sum(c / sum(p) * math.log(c / sum(p)) for c in p) for p in pages]
    assert abs(tally.entropy / UNIT - sum(entropy)) < 1e-8
    assert abs(tally.evenness / UNIT - entropy[0] / math.log(2)) < 1e-8
    second = first + np.array([[0, 0, 0, 5, 0], [0, 4, 0, 0, 0]])
    counter.record(first + np.array([[0, 0, 0, 2, 0], [0, 0, 0, 0, 0]]), np.array([[0] * 5] * 2, np.int8))
    tally = counter.tally(second, np.array([[1] * 5, [UNRANKED] * 5], np.int8), captions)
    assert tally.by_bin[:3].tolist() == [2, 3, 0]
    assert (tally.known, tally.cold) == (9, 4)


def test_replaced_arms_start_from_zero():
    counter, captions, bins = AllocationCounter(1, np.array([0, 2])), np.array([[2]]), np.zeros((1, 2), np.int8)
    counter.tally(np.array([[20, 20]]), bins, captions)
    counter.replace(np.array([[True, False]]))
    tally = counter.tally(np.array([[7, 21]]), bins, captions)
    assert (tally.known, tally.cold) == (8, 7)


def test_an_even_allocation_has_evenness_one_whatever_is_fewer_sends_or_captions():
    for sent, captions in (([1, 1, 1, 0, 0, 0], 6), ([5, 5, 5, 5, 5, 5], 6)):
        tally = AllocationCounter(1, np.array([0, 6])).tally(
            np.array([sent]), np.zeros((1, 6), np.int8), np.array([[captions]])
        )
        assert abs(tally.evenness / UNIT - 1.0) < 1e-9
