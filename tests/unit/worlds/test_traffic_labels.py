"""The update job's small rules, one by one, against naive statements of the same."""

import math
import statistics
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario.sections.traffic_loop import LABELS
from sim.worlds.traffic.feedback.labels import (
    FAILURE,
    NEITHER,
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
)
from sim.worlds.traffic.records import PAGE, RECENT


@pytest.mark.parametrize(
    ("purchases", "views", "price", "expected"),
    [(2, 100, 10, 0.4), (0, 100, 10, 0.0), (5, 5, 1, 5.0), (3, 60, 0, 0.0)],
)
def test_emv_is_purchases_a_view_times_earnings(purchases, views, price, expected):
    assert emv_of(purchases, views, price) == pytest.approx(expected, rel=1e-15)


def test_emv_of_a_message_that_nobody_viewed_is_null():
    assert math.isnan(emv_of(0, 0, 10))


@pytest.mark.parametrize(
    ("emv", "median", "expected"),
    [
        (1.0, 0.5, SUCCESS),
        (0.5, 0.5, FAILURE),
        (0.0, 0.0, FAILURE),
        (0.1, 0.5, FAILURE),
        (math.nan, 0.5, NEITHER),
        (0.5, math.nan, NEITHER),
    ],
)
def test_only_more_than_the_median_is_a_success_and_null_is_neither(emv, median, expected):
    assert label_of(emv, median) == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("emv_above_median", 1.8),
        ("sold", 1.8),
        ("emv_above_priced_median", 1.8),
        ("purchases_per_view", 0.06),
        ("dollars_per_view", 0.6),
    ],
)
def test_each_label_compares_a_value_of_its_own(label, expected):
    """Three purchases of 50 views at $10."""
    emv = emv_of(3, 50, 10)
    assert value_of(LABELS.index(label), emv, 3, 50, 10) == pytest.approx(expected, rel=1e-15)
    assert math.isnan(value_of(LABELS.index(label), math.nan, 0, 0, 10))


@pytest.mark.parametrize("label", LABELS)
def test_unpriced_messages_are_in_the_median_of_the_deployed_label_only(label):
    assert enters_median(LABELS.index(label), 0.5, 10)
    assert enters_median(LABELS.index(label), 0.0, 0) == (label in ("emv_above_median", "sold"))
    assert not enters_median(LABELS.index(label), math.nan, 10)


def test_purchases_become_known_exponentially():
    assert share_known(0.0, 3600.0) == 0.0
    assert share_known(3600.0, 3600.0) == pytest.approx(1.0 - math.exp(-1.0))
    assert share_known(3600.0 * math.log(2.0), 3600.0) == pytest.approx(0.5)
    assert share_known(0.0, 0.0) == 1.0


class Window:
    """The page's window over arrays that are as small as the test allows."""

    def __init__(self, capacity):
        self.page = SimpleNamespace(**dict.fromkeys(PAGE.names, 0))
        self.recent, self.positive_values_sorted = np.zeros(capacity, RECENT).view(np.recarray), np.zeros(capacity)

    def remember(self, time, emv):
        remember(self.page, self.recent, self.positive_values_sorted, time, emv)

    def forget(self, before):
        forget(self.page, self.recent, self.positive_values_sorted, before)

    def median(self):
        return exact_median(self.page, self.positive_values_sorted)

    def lower(self):
        return lower_median(self.page, self.positive_values_sorted)


def test_the_median_of_nothing_is_null():
    window = Window(3)
    assert math.isnan(window.median())
    window.remember(1, 2.0)
    window.forget(2)
    assert math.isnan(window.median())


EMVS = st.sampled_from([0.0, 0.0, 0.0, 0.1, 0.25, 0.25, 1.0, 7.5])


@given(st.lists(st.tuples(st.integers(0, 4), EMVS, st.integers(1, 12)), min_size=1, max_size=60))
def test_the_median_follows_a_window_that_moves(steps):
    window, now, kept = Window(60), 0, []
    for wait, emv, days in steps:
        now += wait
        window.remember(now, emv)
        kept.append((now, emv))
        window.forget(now - days)
        while kept[0][0] < now - days:
            kept.pop(0)
        assert window.median() == statistics.median(value for _, value in kept)
        assert window.lower() == statistics.median_low(value for _, value in kept)


def test_the_ring_wraps_around():
    window = Window(3)
    for time, emv in enumerate([5.0, 1.0, 3.0]):
        window.remember(time, emv)
    window.forget(1)
    window.remember(3, 9.0)
    assert window.median() == 3.0
    window.forget(3)
    assert window.median() == 9.0
