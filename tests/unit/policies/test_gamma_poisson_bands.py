"""`gamma_poisson_bands` against its formulas; its view is compared with it beside the other candidates."""

import numpy as np
import pytest
from scipy import stats

from policies.gamma_poisson_bands import ACTUAL, BANDS, EXPECTED, RATIO, GammaPoissonBands, band_of, point, usual_nanos
from policies.maths.draws import pull_key

NOTHING, KEY = np.zeros(0), np.uint64(3)


@pytest.mark.parametrize(
    ("price", "band"), [(1, 0), (4.99, 0), (5, 1), (8.99, 1), (9, 2), (14, 3), (17, 4), (19.99, 4), (20, 5), (99, 5)]
)
def test_bands_are_those_between_the_points_of_the_prices(price: float, band: int) -> None:
    assert band_of(price) == band


def test_usual_rates_are_linear_between_their_points_and_flat_outside() -> None:
    params = GammaPoissonBands().parameters()
    prices = [3.0, 6.0, 7.0, 9.5, 12.0, 15.0, 18.0, 22.0, 35.0]
    wanted = np.interp(prices, [6.0, 9.5, 15.0, 22.0], [0.00109, 0.00046, 0.00021, 0.00015])
    assert [usual_nanos(price, params) / 1e9 for price in prices] == pytest.approx(wanted, abs=1e-9)
    assert all(usual_nanos(price, params).is_integer() for price in map(float, prices))


def test_a_ratio_is_shrunk_from_the_band_to_the_page_and_from_the_page_to_one() -> None:
    policy = GammaPoissonBands(page_weight=2.0, band_weight=10.0)
    params, state = policy.parameters(), np.zeros(policy.state_size)
    policy.rule.observe_sales(100_000.0, 90.0, 5.0, 10.0, state, params)  # expects about 44
    policy.rule.observe_sales(50_000.0, 3.0, 5.0, 30.0, state, params)  # expects 7.5
    policy.rule.observe_sales(9e9, 0.0, 5.0, 0.0, state, params)  # unpriced: no part of the fit
    cheap, dear = state[EXPECTED + 2] / 1e9, state[EXPECTED + 5] / 1e9
    policy.rule.prepare(0.0, NOTHING, NOTHING, NOTHING, params, state, KEY)
    page = (93.0 + 2.0) / (cheap + dear + 2.0)
    assert state[RATIO + 2] == pytest.approx(page * (90.0 + 10.0) / (cheap * page + 10.0))
    assert state[RATIO + 5] == pytest.approx(page * (3.0 + 10.0) / (dear * page + 10.0))
    assert state[RATIO] == pytest.approx(page)  # nothing was sold there
    assert (state[EXPECTED : EXPECTED + BANDS] == 0.0).all()
    assert (state[ACTUAL : ACTUAL + BANDS] == 0.0).all()


@pytest.mark.parametrize(("by", "value"), [("purchases", 1.0), ("revenue", 10.0)])
def test_a_caption_ranks_by_its_posterior_mean(by: str, value: float) -> None:
    policy = GammaPoissonBands(by=by, shape=2.0, message_cv=0.0)
    params, state = policy.parameters(), np.zeros(policy.state_size)
    rate = usual_nanos(10.0, params) / 1e9
    a, b = policy.rule.summarise_sales(3_000.0, 7.0, 4.0, 10.0, state, params)
    assert policy.rule.score(a, b, state, params, KEY) == pytest.approx(value * (2.0 + 7.0) / (2.0 / rate + 3_000.0))


def test_rest_gives_back_what_a_send_took() -> None:
    policy = GammaPoissonBands(fatigue=0.4, rest_half=10.0)
    left = [policy.rule.recover(8.0, 1.0, rest, 1.0, policy.parameters())[1] for rest in (0.0, 10.0, 1e9)]
    assert left == pytest.approx([0.6, 0.8, 1.0])
    assert policy.fatigue_assumed[0] == 0.0  # views count as they are, whole numbers


def test_a_sample_is_nearly_gamma() -> None:
    """The cube of a normal number: within 0.02 of the distribution function at the prior's shape."""
    policy = GammaPoissonBands(estimate="sample")
    params, state = policy.parameters(), np.zeros(policy.state_size)
    with np.errstate(over="ignore"):
        draws = [policy.rule.score(8.0, 0.5, state, params, pull_key(KEY, i)) for i in range(20_000)]
    assert stats.kstest(draws, stats.gamma(8.0, scale=0.5).cdf).statistic < 0.02
    assert stats.kstest(draws, stats.gamma(8.0, scale=0.6).cdf).statistic > 0.05
    assert point(8.0, 0.5, 0.0) < 4.0  # the median lies below the mean
