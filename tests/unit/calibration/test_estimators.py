"""Estimators against logs drawn by NumPy with known parameters, and against closed forms."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chi2

from sim.calibration.checks import check
from sim.calibration.dispersion import LARGEST, MESSAGE, SMALLEST, _cv, _Profile, dispersion_figures
from sim.calibration.fatigue import Uses, _ends, fatigue_figures
from sim.calibration.figures import Floats
from sim.calibration.log import NO_CAPTION, Sends
from sim.calibration.predictive import predict
from sim.calibration.purchase_figures import purchase_figures
from sim.calibration.purchases import fit_purchases, hats, page_law, saturated, weekday_hour
from sim.calibration.regression import Design, fit
from sim.calibration.views import view_figures, view_law, view_laws
from sim.calibration.volumes import audiences, volume_figures
from twins.made_logs import drawn


@pytest.fixture(scope="module")
def log() -> Sends:
    return drawn()


@pytest.fixture(scope="module")
def fitted(log: Sends):
    return fit_purchases(log)


def by_key(figures) -> dict:
    return {each.key: each for each in figures}


def test_volumes_are_counted(log: Sends) -> None:
    found = by_key(volume_figures(log))
    assert found["world.pages"].value == 6
    assert found["world.start"].value == "2025-01-06"
    assert found["world.audience.fixed"].value == 20_000
    assert found["world.sends.per_day_limits"].value == [20.0, 20.0]
    assert found["world.sends.hours"].value == [0.0, 24.0]
    assert found["feedback.attribution"].value == 1.0
    assert found["world.bank.captions"].value == 40
    low, high = found["world.sends.unpriced_share"].limits[0]
    assert low <= 0.5 <= high
    prices = found["world.bank.prices"].value
    assert prices[0][1] == 5.0
    assert prices[-1][1] == 19.0


def test_the_audience_is_the_median_of_recipients() -> None:
    log = drawn(pages=2, days=7, per_day=3)
    log.sent[0] = 10**9
    assert audiences(log).tolist() == [20_000.0, 20_000.0]


def test_attribution_of_unpriced_messages_by_hand_is_recognised() -> None:
    log = drawn(pages=2, days=10)
    hidden = np.where(log.price > 0, log.caption, NO_CAPTION)
    found = by_key(
        volume_figures(Sends(log.page, log.time, log.price, log.sent, log.viewed, log.purchased, hidden, log.pages))
    )
    assert found["selection.bump"].value == "by_hand"
    assert found["feedback.attribution"].value == 1.0


def test_view_rates_are_recovered_with_and_without_binomial_noise() -> None:
    rng = np.random.default_rng(5)
    for fans in (60, 50_000):
        sigma = np.sqrt(np.log1p(0.5**2))
        sent = np.full(6_000, float(fans))
        rate = 0.05 * np.exp(sigma * rng.standard_normal(6_000) - 0.5 * sigma**2)
        law = view_law(rng.binomial(fans, rate).astype(float), sent)
        errors = np.sqrt(np.diag(law.covariance))
        assert abs(np.log(law.mean / 0.05)) < 4.5 * errors[0]
        assert abs(np.log(law.sigma / sigma)) < 4.5 * errors[1]


def test_too_few_messages_leave_views_to_the_default() -> None:
    figures = view_figures(view_laws(drawn(pages=1, days=2)))
    assert not any(each.identified for each in figures)


def test_hats_interpolate_on_the_logarithm() -> None:
    weights = hats(np.array([3.0, 6.0, np.sqrt(54.0), 99.0]), np.array([6.0, 9.0, 15.0]))
    assert weights == pytest.approx(np.array([[1, 0, 0], [1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]))


def test_weekdays_and_hours() -> None:
    weekday, hour = weekday_hour(np.array([1_736_121_600 + 3_600 * 5]))
    assert (weekday[0], hour[0]) == (0, 5)


def test_saturation_has_the_closed_form_without_spread() -> None:
    value, slope = saturated(np.array([np.log(0.5)]), 0.0)
    assert np.exp(value[0]) == pytest.approx(0.25)
    assert slope[0] == pytest.approx(0.5)


def test_regression_without_terms_gives_the_ratio_of_sums() -> None:
    count, views = np.array([3.0, 5.0, 1.0, 1.0]), np.array([10.0, 10.0, 100.0, 100.0])
    page = np.array([0, 0, 1, 1])
    none = np.zeros((4, 0))
    design = Design(count, np.log(views), page, 2, none, none, (np.arange(4), np.arange(4)))
    found = fit(design, lambda eta, offset: (eta + offset, np.ones(len(eta))), phi=0.0)
    assert np.exp(found.page) == pytest.approx([0.4, 0.01])


@pytest.mark.slow
def test_price_response_is_recovered(log: Sends, fitted) -> None:
    found = by_key(purchase_figures(log, fitted))
    points = found["world.purchases.per_view"].value
    # The truth falls as 1 / price; each estimate within 20 %, five times its error.
    # The log has no price above $20: a point beyond it only says where the line goes on.
    for dollars, rate in points:
        if dollars <= 20.0:
            assert rate / points[1][1] == pytest.approx(points[1][0] / max(dollars, 5.0), rel=0.2)
    assert np.mean(found["world.factors.weekday"].numbers) == pytest.approx(1.0)
    inside = [low <= 1.0 <= high for low, high in found["world.factors.hour"].limits]
    assert sum(inside) >= 18


def test_purchases_without_extra_spread_have_none(log: Sends, fitted) -> None:
    found = by_key(dispersion_figures(log, fitted))
    assert found["world.purchases.caption_cv"].low == 0.0
    assert found["world.purchases.message_cv"].low == 0.0
    assert found["world.purchases.caption_cv"].high < 0.3


def test_page_law_is_the_exact_regression_without_error() -> None:
    fans = np.geomspace(100, 100_000, 12)
    level = -7.0 - 0.8 * np.log(fans / 50_000)
    law = page_law(level, np.full(12, 1e-6), fans)
    assert law is not None
    assert law.exponent == pytest.approx(0.8)
    assert law.intercept == pytest.approx(-7.0 - 0.8 * np.log(law.reference / 50_000))
    assert law.sigma == 0.0


def test_the_spread_of_pages_has_the_chi_square_interval() -> None:
    rng = np.random.default_rng(8)
    level = rng.standard_normal(20)
    law = page_law(level, np.full(20, 1e-12), np.full(20, 5_000.0))
    assert law is not None
    assert law.exponent is None
    squares = float(((level - level.mean()) ** 2).sum())
    assert law.sigma == pytest.approx(np.sqrt(squares / 19), rel=1e-6)
    assert law.sigma_low == pytest.approx(np.sqrt(squares / chi2.ppf(0.975, 19)), rel=1e-6)
    assert law.sigma_high == pytest.approx(np.sqrt(squares / chi2.ppf(0.025, 19)), rel=1e-6)


def test_two_pages_have_no_law() -> None:
    assert page_law(np.array([1.0, np.nan, 2.0]), np.ones(3), np.full(3, 10.0)) is None


def test_wear_follows_the_recursion() -> None:
    log = drawn(pages=1, days=4, per_day=1)
    log.caption[:] = 7
    rows = np.ones(4, bool)
    fresh = Uses(log, rows).log_fresh(0.5, 1.0)
    wear, expected = 0.0, []
    for _ in range(4):
        expected.append(np.log1p(-wear))
        wear = (wear + 0.5 * (1.0 - wear)) * 0.5
    assert fresh == pytest.approx(expected)


def test_fatigue_is_recovered_where_captions_are_repeated(log: Sends) -> None:
    rng = np.random.default_rng(4)
    uses = Uses(log, log.priced)
    mean = np.where(log.priced, 3.0, 0.0)
    log = replace(log, purchased=rng.poisson(mean * np.exp(uses.log_fresh(0.2, 7.0))))
    drop, life = fatigue_figures(log, uses, mean)
    assert drop.identified
    assert drop.low <= 0.2 <= drop.high
    assert drop.high - drop.low < 0.3
    assert life.low <= 7.0 <= life.high


def test_fatigue_needs_repeated_and_named_captions(log: Sends) -> None:
    unnamed = Sends(
        log.page, log.time, log.price, log.sent, log.viewed, log.purchased, np.full(log.rows, NO_CAPTION), log.pages
    )
    for figure in fatigue_figures(unnamed, Uses(unnamed, unnamed.priced), np.ones(log.rows)):
        assert "names none" in figure.note


def test_a_log_of_the_model_passes_all_checks(log: Sends, fitted) -> None:
    laws = view_laws(log)
    assert not any(each.failed for each in check(log, laws, fitted))
    found = predict(log, laws, fitted, (0.0, 0.0), 7)
    assert not any(each.failed for each in found)
    assert all(each.low <= each.median <= each.high for each in found)


def failed_tests(log: Sends) -> str:
    found = fit_purchases(log)
    return "; ".join(each.assumption for each in check(log, view_laws(log), found) if each.failed)


@pytest.mark.slow
def test_a_price_change_half_way_is_a_misfit() -> None:
    log = drawn(rate=0.01)
    late = (log.day >= log.day.min() + 30) & log.priced
    rng = np.random.default_rng(6)
    # From half way on, buyers do not mind prices.
    log.purchased[late] = rng.binomial(log.viewed[late], 0.01)
    assert "the price response stays" in failed_tests(log)
    raised = drawn()
    half = (raised.day >= raised.day.min() + 30) & raised.priced
    raised.price[half] += 6.0
    assert "prices stay" in failed_tests(raised)


def test_two_kinds_of_fans_are_a_misfit() -> None:
    # One kind views much and buys never, the other views little and buys; each message reaches both.
    log, rng = drawn(rate=0.01), np.random.default_rng(9)
    lookers = rng.binomial(log.sent, 0.04 * np.exp(0.8 * rng.standard_normal(log.rows) - 0.32))
    log.viewed[:] = np.minimum(log.sent, log.viewed + lookers)
    assert "purchases per view do not depend on the view rate" in failed_tests(log)


@pytest.mark.slow
def test_bimodal_view_rates_are_a_misfit() -> None:
    log, rng = drawn(), np.random.default_rng(10)
    log.viewed[:] = rng.binomial(log.sent, np.where(rng.uniform(size=log.rows) < 0.5, 0.01, 0.08))
    assert "view rates of priced messages are log-normal" in failed_tests(log)


def test_nothing_sold_leaves_purchases_to_the_defaults() -> None:
    log = drawn(pages=2, days=7)
    log.purchased[:] = 0
    assert fit_purchases(log) is None


# Limits by the profile likelihood


def parabola(at: tuple[float, float], deviations: tuple[float, float], correlation: float) -> Callable[[Floats], float]:
    """A loss whose profile limits are at ± 1.96 deviations."""
    d = np.diag(deviations)
    inverse = np.linalg.inv(d @ np.array([[1.0, correlation], [correlation, 1.0]]) @ d)
    return lambda x: float(0.5 * (x - np.array(at)) @ inverse @ (x - np.array(at)))


@pytest.mark.parametrize("correlation", [0.0, 0.6, -0.9])
def test_profile_limits_of_a_normal_likelihood_are_those_of_its_errors(correlation: float) -> None:
    best, deviations = (-1.0, -0.8), (0.1, 0.2)
    profile = _Profile(parabola(best, deviations, correlation), np.array(best))
    for place in (0, 1):
        value, low, high = profile.limits(place)
        reach = 1.96 * deviations[place]
        assert value == best[place]
        assert (low, high) == pytest.approx((value - reach, value + reach), abs=0.02 * reach)


def test_a_profile_that_never_falls_far_enough_ends_at_the_ends() -> None:
    profile = _Profile(parabola((-1.0, -1.0), (50.0, 0.1), 0.0), np.array([-1.0, -1.0]))
    assert profile.limits(0) == [-1.0, -math.inf, math.log(LARGEST)]


def test_a_likelihood_that_is_flat_at_the_smallest_spread_has_an_upper_limit() -> None:
    # Of the fourth power of the spread itself: its second derivative at the smallest says nothing.
    smallest = math.log(SMALLEST)
    profile = _Profile(lambda x: 0.5 * (np.exp(x[0]) / 0.1) ** 4 + (x[1] + 1.0) ** 2, np.array([smallest, -1.0]))
    value, low, high = profile.limits(0)
    assert (value, low) == (-math.inf, -math.inf)
    assert math.exp(high) == pytest.approx(0.1 * math.sqrt(1.96), rel=0.02)


def test_an_interval_that_is_too_wide_is_stated_beside_the_default() -> None:
    wide = _cv(MESSAGE, [0.3, 0.0, 1.4], "")
    assert not wide.identified
    assert wide.value is None
    assert wide.limits == [(0.0, 1.4)]
    assert "0.00 to 1.40" in wide.comment
    assert _cv(MESSAGE, [0.3, 0.2, 0.4], "").identified


# Fatigue between the points of its grid


def test_ends_lie_between_the_points_of_a_grid() -> None:
    grid = np.linspace(0.0, 1.0, 11)
    profile = -0.5 * ((grid - 0.5) / 0.1) ** 2
    low, high = _ends(grid, profile)
    assert (low, high) == pytest.approx((0.5 - 0.196, 0.5 + 0.196), abs=0.005)
    assert high - low > 2 * 0.1  # the points inside alone would give 0.4 to 0.6


def test_ends_of_a_flat_likelihood_are_those_of_the_grid() -> None:
    grid = np.linspace(0.0, 0.9, 10)
    assert _ends(grid, np.zeros(10)) == (0.0, 0.9)
    assert _ends(grid, -10.0 * grid)[0] == 0.0
