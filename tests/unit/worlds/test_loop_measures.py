"""What is measured of the deployed loop and of the stored table, against SciPy and small cases by hand."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from sim.scenario.sections.traffic import TrafficSection
from sim.scenario.sections.traffic_loop import TrafficFeedback
from sim.worlds.metrics.allocation import RANK_BINS, UNIT
from sim.worlds.metrics.estimation import LABEL_BINS, SHAPE, SUMS, estimation, nothing
from sim.worlds.metrics.loop import WEEK_SUMS
from sim.worlds.metrics.observation import MOST_WATCHED_DAYS, watched_points
from sim.worlds.traffic.feedback.labels import DOLLARS_PER_VIEW, PURCHASES_PER_VIEW
from sim.worlds.traffic.metrics.loop_metrics import (
    DRAWS,
    _covers,
    _luck,
    _median,
    _ratio,
    _share_known,
    _top_decile,
    _week_sums,
    binomial_below,
    last_day,
    most_failing,
    success_chance,
)

NO_LUCK = (np.array([0.1]), np.array([1.0]))
EMV = 0


def priced(*dollars: int):
    return np.array(dollars, np.int32)


@pytest.mark.parametrize(("label", "median", "least"), [
    (EMV, 0.5, 1),  # k² · 20 / 100 <= 0.5: k <= 1.58
    (EMV, 1.8, 3),  # k = 3 has exactly 1.8
    (PURCHASES_PER_VIEW, 0.05, 5),
    (DOLLARS_PER_VIEW, 0.5, 2),  # k · 20 / 100 <= 0.5
])  # fmt: skip
def test_so_many_purchases_are_still_no_success(label: int, median: float, least: int) -> None:
    found = most_failing(label, median, np.array([100.0]), np.array([[20.0]]))
    assert found.tolist() == [[least]]


@pytest.mark.parametrize("label", [EMV, PURCHASES_PER_VIEW, DOLLARS_PER_VIEW])
@pytest.mark.parametrize("median", [0.0, 0.03, 1.0])
def test_the_chance_of_a_success_is_a_binomial_tail(label: int, median: float) -> None:
    rates, prices = np.array([0.001, 0.02, 0.3]), priced(5, 14, 30)
    found = success_chance(median, rates, prices, 1_000, NO_LUCK, label)
    least = most_failing(label, median, np.array([100.0]), prices[:, None].astype(float))[:, 0]
    assert found == pytest.approx(stats.binom.sf(least, 100, rates), abs=1e-12)


def test_a_binomial_tail_has_as_many_terms_as_its_caption_and_its_draw_need() -> None:
    views, rate = np.array([50.0, 400.0]), np.array([[0.01, 0.02], [0.03, 0.01], [0.2, 0.0]])
    least = np.array([[0.0, 0.0], [2.0, 5.0], [1.0, 0.0]])
    assert binomial_below(least, views, rate) == pytest.approx(stats.binom.cdf(least, views, rate), rel=1e-12)
    none = binomial_below(least[:1, :1], views, rate[:1])
    assert none == pytest.approx(np.array([[0.99**50, 0.98**400]]))


def test_the_chance_is_a_mean_over_the_luck_of_messages() -> None:
    luck = (np.array([0.1, 0.2]), np.array([1.0, 0.5]))
    found = success_chance(0.0, np.array([0.02]), priced(14), 1_000, luck)
    assert found[0] == pytest.approx(0.5 * ((1.0 - 0.98**100) + (1.0 - 0.99**200)))


def test_unpriced_captions_and_tables_without_a_median_have_no_chance() -> None:
    assert np.isnan(success_chance(0.1, np.array([0.1]), priced(0), 1_000, NO_LUCK)).all()
    assert np.isnan(success_chance(math.nan, np.array([0.1]), priced(9), 1_000, NO_LUCK)).all()
    mixed = success_chance(0.0, np.array([0.1, 0.1]), priced(0, 9), 1_000, NO_LUCK)
    assert np.isnan(mixed).tolist() == [True, False]


def test_a_page_of_few_fans_has_at_least_one_view() -> None:
    assert success_chance(0.0, np.array([0.25]), priced(9), 1, NO_LUCK)[0] == pytest.approx(0.25)


def test_the_stored_interval_covers_what_lies_inside() -> None:
    found = _covers(np.array([1, 50, 50, 50]), np.array([1, 50, 50, 50]), np.array([0.5, 0.59, 0.61, np.nan]))
    assert found.tolist() == [True, True, False, False]
    below = _covers(np.array([50, 50, 1]), np.array([50, 50, 99]), np.array([0.41, 0.39, 0.001]))
    assert below.tolist() == [True, False, False]  # of 100 labels: 0.404 to 0.596; of 1 in 100: from 0.0018


def test_ratios_of_nothing_are_unknown() -> None:
    found = _ratio(np.array([1.0, 3.0]), np.array([4.0, 0.0]))
    assert found[0] == 0.25
    assert np.isnan(found[1])


WEEK = np.dtype([(name, "i8") for name in WEEK_SUMS if name != "page_weeks"])


def weeks_of(top: list, priced_sends: list):
    """(replications, pages, weeks)."""
    made = np.zeros(np.shape(top), WEEK)
    made["top"], made["priced"] = top, priced_sends
    return made


def test_a_page_reaches_the_top_decile_in_its_first_week_of_nine_tenths() -> None:
    weeks = weeks_of([[[1, 9, 10], [0, 0, 10], [8, 8, 8]]], [[[10, 10, 10]] * 3])
    pages, day = _top_decile(weeks)
    assert pages.tolist() == [pytest.approx(2 / 3)]
    assert day.tolist() == [(14.0 + 21.0) / 2]


def test_pages_that_never_reach_it_have_no_day() -> None:
    pages, day = _top_decile(weeks_of([[[0, 0]], [[5, 9]]], [[[0, 9]], [[9, 9]]]))
    assert pages.tolist() == [0.0, 1.0]
    assert np.isnan(day[0])
    assert day[1] == 14.0


def test_week_sums_are_over_pages_and_replications() -> None:
    weeks = weeks_of([[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[[9, 9], [9, 9]], [[9, 9], [9, 9]]])
    found = dict(zip(WEEK_SUMS, _week_sums(weeks).T.tolist(), strict=True))
    assert found["top"] == [16, 20]
    assert found["priced"] == [36, 36]
    assert found["page_weeks"] == [4, 4]
    assert found["revenue"] == [0, 0]


@pytest.mark.parametrize(("days", "last"), [(30.0, 29), (0.25, 0), (1.5, 1), (2.0, 1), (0.0, 0), (2.0 + 1e-9, 2)])
def test_the_last_day_of_a_horizon(days: float, last: int) -> None:
    assert last_day(days) == last


def feedback(**keys) -> TrafficFeedback:
    return TrafficFeedback.model_validate(keys)


def world(**sections) -> TrafficSection:
    return TrafficSection.model_validate({"kind": "traffic", **sections})


def test_the_log_shows_the_purchases_before_a_message_is_counted() -> None:
    # Exponential delays of 6 hours, counted between 24 and 30 hours after the send.
    found = _share_known(world(delay={"mean_hours": 6.0}), feedback(label_after_hours=24.0, refresh_hours=6.0))
    exact = 1.0 - (math.exp(-4.0) - math.exp(-5.0))  # the integral of 1 − e^(−t / 6) over these 6 hours, over 6
    assert found == pytest.approx(exact, abs=1e-5)
    assert _share_known(world(delay={"mean_hours": 0.0}), feedback()) == 1.0


def test_loads_show_messages_by_their_lag_and_period() -> None:
    found = _share_known(world(delay={"mean_hours": 10.0}), feedback(loads={"every_hours": 20.0, "lag_hours": 10.0}))
    assert found == pytest.approx(1.0 - (math.exp(-1.0) - math.exp(-3.0)) / 2.0, abs=1e-4)


@pytest.mark.parametrize("cv", [0.0, 5e-324, 1e-160, 1e-9])
def test_luck_is_the_same_for_every_policy_and_has_the_scenarios_means(cv: float) -> None:
    quiet = world(
        views={"priced": {"mean": 0.05, "cv": 0.0}},
        purchases={"message_cv": cv},
        factors={"weekday": (1.0,) * 7, "hour": (1.0,) * 24},
        delay={"mean_hours": 0.0},
    )
    views, factors = _luck(quiet, feedback())
    assert views.tolist() == [0.05] * DRAWS
    assert factors.tolist() == [1.0] * DRAWS
    one, two = _luck(world(), feedback()), _luck(world(), feedback())
    assert one[0].tolist() == two[0].tolist()
    assert len(set(one[1].tolist())) > DRAWS // 2


def block(positive: list[float], recent: int):
    page = {"positives": len(positive), "recent_size": recent}
    return SimpleNamespace(pages=[page], job=SimpleNamespace(positive_values_sorted=np.array([[*positive, 0.0]])))


@pytest.mark.parametrize(
    ("rule", "positive", "recent", "median"),
    [
        ("exact", [1.0, 4.0], 2, 2.5),
        ("lower", [1.0, 4.0], 2, 1.0),
        ("exact", [1.0, 4.0], 5, 0.0),
        ("exact", [1.0, 4.0, 6.0], 4, 2.5),
        ("lower", [3.0], 1, 3.0),
    ],
)
def test_the_median_counts_messages_that_sold_nothing(
    rule: str, positive: list[float], recent: int, median: float
) -> None:
    assert _median(feedback(median=rule), block(positive, recent), 0) == median


def test_without_messages_there_is_no_median_and_sold_needs_none() -> None:
    assert math.isnan(_median(feedback(), block([], 0), 0))
    assert _median(feedback(label="sold"), block([], 0), 0) == 0.0


def sums(lines, place: int) -> dict[str, float]:
    whole = dict(zip(SUMS, lines[place].tolist(), strict=True))
    return {name: value if name in ("captions", "labels", "covered") else value / UNIT for name, value in whole.items()}


def test_estimation_is_summed_by_rank_and_by_labels() -> None:
    labels, successes = np.array([4, 0, 20]), np.array([1, 0, 10])
    found = estimation(labels, successes, np.array([0.5, 0.1, 0.2]), np.array([0, 1, 1], np.int8))
    best, second = sums(found, 0), sums(found, 1)
    assert (best["captions"], best["labels"], second["captions"], second["labels"]) == (1, 4, 1, 20)
    assert best["sample_mean"] == 0.25
    assert best["bias"] == -0.25
    assert best["squared_error"] == 0.0625
    assert best["stored_rate"] == pytest.approx(2 / 6)
    assert second["bias"] == pytest.approx(0.3)
    # 11 successes and 11 failures with the prior: Wilson's interval is 0.31 to 0.69, which excludes 0.2.
    assert (best["covered"], second["covered"]) == (1, 0)
    assert second["width"] == pytest.approx(0.3856, abs=1e-4)
    by_labels = found[len(RANK_BINS) :]
    assert by_labels[:, 0].tolist() == [0, 1, 1, 0, 0, 0, 0, 0]


def test_each_number_of_labels_has_one_bin() -> None:
    for place, (low, high) in enumerate(LABEL_BINS):
        for labels in {low, high if high is not None else 10 * low}:
            found = estimation(np.array([labels]), np.array([0]), np.array([0.1]), np.array([0], np.int8))
            assert np.flatnonzero(found[len(RANK_BINS) :, 0]).tolist() == [place]


def test_sums_of_halves_are_the_sum_of_the_whole_to_the_bit() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 500, 200)
    successes = rng.binomial(labels, 0.3)
    rates, bins = rng.random(200), rng.integers(0, len(RANK_BINS), 200).astype(np.int8)
    whole = estimation(labels, successes, rates, bins)
    halves = [
        estimation(labels[part], successes[part], rates[part], bins[part]) for part in (slice(77), slice(77, None))
    ]
    assert (halves[0] + halves[1]).tolist() == whole.tolist()
    assert nothing().shape == SHAPE


@pytest.mark.parametrize(("points", "watched"), [(5, 5), (MOST_WATCHED_DAYS, MOST_WATCHED_DAYS), (41, 14)])
def test_days_are_watched_at_most_so_often_and_always_at_the_end(points: int, watched: int) -> None:
    at = np.arange(1.0, points + 1.0)
    found = watched_points(at, pulls=False)
    assert len(found) == watched
    assert found[-1] == points
    assert watched_points(at, pulls=True).tolist() == at.tolist()
