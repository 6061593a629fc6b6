"""Counts of a log against logs of a few messages, counted by hand."""

import numpy as np
import pytest

from sim.calibration.figures import Figure, Z, share
from sim.calibration.log import NO_CAPTION, Sends
from sim.calibration.volumes import (
    _attribution,
    _audience,
    _bank,
    _captions,
    _classes,
    _full_days,
    _gaps,
    _messages,
    _per_day,
    _prices,
    _unpriced_share,
    audiences,
    rising,
)
from sim.units import DAY_S, HOUR_S

MONDAY = 20_000 * DAY_S


def log_of(
    *messages: tuple[int, float, float], sent: list[int] | None = None, caption: list[int] | None = None, missing=False
) -> Sends:
    """Messages of (page, hour since Monday, price), in order of page and time."""
    page = np.array([each[0] for each in messages])
    time = np.array([MONDAY + round(each[1] * HOUR_S) for each in messages])
    size = len(messages)
    return Sends(
        page=page,
        time=time,
        price=np.array([each[2] for each in messages]),
        sent=np.array(sent if sent is not None else [100] * size),
        viewed=np.full(size, 10),
        purchased=np.zeros(size, np.int64),
        caption=np.array(caption if caption is not None else list(range(size))),
        pages=tuple(f"page_{number + 1:04d}" for number in range(int(page.max()) + 1)),
        unsold_missing=missing,
    )


def by_key(figures: list[Figure]) -> dict[str, Figure]:
    return {each.key: each for each in figures}


def test_the_audience_of_an_even_number_of_messages_is_the_lower_middle() -> None:
    log = log_of((0, 1, 0), (0, 2, 0), (0, 3, 0), (0, 4, 0), (1, 1, 0), sent=[4, 1, 3, 2, 9])
    assert audiences(log).tolist() == [2.0, 9.0]


@pytest.mark.parametrize(
    ("fans", "value", "note"),
    [([70.0], 70, "recipients of the one page"), ([10.0, 30.0, 20.0], 20, "the median of the pages")],
)
def test_few_pages_have_one_audience(fans: list[float], value: int, note: str) -> None:
    found = _audience(np.array(fans))
    assert (found.key, found.value, found.note) == ("world.audience.fixed", value, note)


def test_pages_of_one_size_have_one_audience() -> None:
    assert _audience(np.full(9, 500.0)).value == 500


def test_audiences_are_quantiles_with_the_ends_as_observed() -> None:
    fans = np.array([100.0, 200.0, 400.0, 800.0, 1600.0])
    found = _audience(fans)
    assert found.key == "world.audience.quantiles"
    points = dict(found.value)
    assert (points[0.0], points[0.5], points[1.0]) == (100.0, 400.0, 1600.0)
    assert points[0.25] == 200.0
    assert found.low[0] == pytest.approx(100.0)
    assert found.high[-1] == pytest.approx(1600.0)
    assert "5 pages" in found.note


def test_points_never_fall() -> None:
    assert rising([[0.0, 3.0], [0.5, 2.0], [1.0, 5.0]]) == [[0.0, 3.0], [0.5, 3.0], [1.0, 5.0]]


@pytest.mark.parametrize(("days", "expected"), [(4, (0, 4)), (5, (1, 3)), (1, (0, 1)), (30, (1, 28))])
def test_cut_days_at_the_ends_of_a_longer_log_are_left_out(days: int, expected: tuple[int, int]) -> None:
    log = log_of(*((0, 24 * day + 1, 0.0) for day in range(days)))
    first, count = _full_days(log)
    assert (first - 20_000, count) == expected


def test_messages_are_counted_by_page_and_day() -> None:
    log = log_of((0, 1, 5), (0, 2, 0), (0, 49, 5), (1, 25, 5), (1, 26, 5))
    everything = np.ones(5, bool)
    assert _per_day(log, everything, (20_000, 3)).tolist() == [[2, 0, 1], [0, 2, 0]]
    assert _per_day(log, log.priced, (20_000, 3)).tolist() == [[1, 0, 1], [0, 2, 0]]
    assert _per_day(log, everything, (20_001, 1)).tolist() == [[0], [2]]


def test_a_size_class_without_pages_copies_the_nearest() -> None:
    small = _classes(np.array([50.0]), np.array([[1, 2, 3, 4, 5, 6, 7, 8]]))
    assert len(small) > 1
    assert all(pair == [1.0, 8.0] for pair in small)


def test_size_classes_count_at_least_one_message() -> None:
    assert _classes(np.array([50.0]), np.zeros((1, 9), int))[0] == [1.0, 1.0]


def test_too_few_days_give_the_extremes_of_all() -> None:
    pairs = _classes(np.array([50.0, 10.0**7]), np.array([[2, 9], [4, 4]]))
    assert all(pair == [2.0, 9.0] for pair in pairs)


def test_messages_of_one_kind_have_no_interval() -> None:
    totals = np.array([3, 3, 3])
    assert _unpriced_share(totals, totals, [3.0, 3.0]).value == 0.0
    alone = _unpriced_share(np.zeros(3, int), totals, [3.0, 3.0])
    assert (alone.value, alone.low) == (0.99, None)


def test_the_unpriced_share_on_clear_days_is_the_ratio_of_sums() -> None:
    priced = np.array([6, 6, 6, 6, 6, 6])
    totals = np.array([9, 9, 9, 9, 9, 9])
    found = _unpriced_share(priced, totals, [1.0, 30.0])
    # 3 unpriced on 6 priced messages: 1 in 3; no day differs, so that only Z² is left of the squares.
    assert found.value == pytest.approx(1 / 3)
    reach = Z * Z / 36.0
    assert found.limits[0] == pytest.approx([(0.5 - reach) / (1.5 - reach), (0.5 + reach) / (1.5 + reach)])
    assert found.note == "on days clear of the limits per day"


def test_days_at_the_limits_leave_the_share_of_all_messages() -> None:
    priced, totals = np.array([6, 6, 6, 6, 6]), np.array([9, 9, 9, 9, 9])
    found = _unpriced_share(priced, totals, [9.0, 9.0])
    assert found == share("world.sends.unpriced_share", 15, 45, "of all messages")


def test_gaps_are_the_least_of_each_page_in_whole_minutes() -> None:
    log = log_of((0, 1.0, 0), (0, 1.55, 0), (0, 9.0, 0), (1, 2.0, 0), (1, 4.0, 0))
    assert _gaps(log).value == [33.0, 120.0]
    assert log_of((0, 1, 0), (1, 1, 0)).rows == 2
    assert _gaps(log_of((0, 1, 0), (1, 1, 0))).note == "no page has two messages"


def test_a_gap_is_at_most_a_day() -> None:
    assert _gaps(log_of((0, 0, 0), (0, 72, 0))).value == [1440.0, 1440.0]


def test_hours_and_limits_are_those_of_the_log() -> None:
    found = by_key(_messages(log_of((0, 8.0, 5), (0, 9.5, 0), (0, 20.0, 5), (0, 34.0, 5), missing=True)))
    assert found["world.sends.hours"].value == [8.0, 21.0]
    assert found["world.sends.per_day_limits"].value == [1.0, 3.0]
    assert found["feedback.unsold"].value == "missing"


def test_a_log_with_zeros_says_nothing_of_unsold_messages() -> None:
    assert "feedback.unsold" not in by_key(_messages(log_of((0, 8.0, 5), (0, 9.5, 0))))


def test_prices_need_five_messages() -> None:
    log = log_of(*((0, hour, 5.0) for hour in range(4)))
    assert _prices(log).note == "fewer than five messages have a price"


def test_prices_are_quantiles_half_a_dollar_wider_at_both_ends() -> None:
    log = log_of(*((0, hour, 5.0 + hour) for hour in range(9)))
    found = _prices(log)
    points = dict(found.value)
    assert (points[0.0], points[0.5], points[1.0]) == (5.0, 9.0, 13.0)
    assert (found.low[0], found.high[0]) == (4.5, 5.5)
    assert (found.low[-1], found.high[-1]) == (12.5, 13.5)


def test_messages_of_one_caption_count_once_for_the_interval_of_prices() -> None:
    hours = range(40)
    many = _prices(log_of(*((0, hour, 5.0 + hour % 8) for hour in hours)))
    few = _prices(log_of(*((0, hour, 5.0 + hour % 8) for hour in hours), caption=[hour % 8 for hour in hours]))
    assert many.value == few.value
    middle = 3
    assert few.low[middle] < many.low[middle]
    assert few.high[middle] > many.high[middle]


def test_attribution_is_the_share_of_messages_that_name_a_caption() -> None:
    log = log_of((0, 1, 5), (0, 2, 5), (0, 3, 0), (0, 4, 0), caption=[1, NO_CAPTION, 2, 3])
    (found,) = _attribution(log, log.caption != NO_CAPTION)
    assert (found.key, found.value) == ("feedback.attribution", 0.75)


def test_unpriced_messages_that_never_name_a_caption_are_sent_by_hand() -> None:
    log = log_of((0, 1, 5), (0, 2, 5), (0, 3, 0), caption=[1, NO_CAPTION, NO_CAPTION])
    bump, attribution = _attribution(log, log.caption != NO_CAPTION)
    assert (bump.key, bump.value) == ("selection.bump", "by_hand")
    assert attribution.value == 0.5


def test_captions_follow_chaos_bound() -> None:
    # Page 0: captions 0 to 5 are sent once, 6 and 7 twice: 8 + 6² / (2 · 2) = 17, at most twice the 8 seen.
    caption = np.array([0, 1, 2, 3, 4, 5, 6, 6, 7, 7])
    found = _captions(caption, np.zeros(10, np.int64))
    assert (found.value, found.low) == (16, 8.0)
    # 2 once, 3 twice: 5 + 4 / 6 = 5.67.
    assert _captions(np.array([0, 1, 2, 2, 3, 3, 4, 4]), np.zeros(8, np.int64)).value == 6


def test_the_number_of_captions_is_that_of_the_median_page_and_at_least_four() -> None:
    caption, page = np.array([0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1])
    found = _captions(caption, page)
    assert (found.value, found.low) == (4, 1.0)


def test_a_log_that_names_few_captions_says_nothing_of_the_bank() -> None:
    log = log_of(*((0, hour, 5.0) for hour in range(6)), caption=[1, 2, *([NO_CAPTION] * 4)])
    assert by_key(_bank(log))["world.bank.captions"].note == "too few messages name their caption"
