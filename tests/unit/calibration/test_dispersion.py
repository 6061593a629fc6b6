"""The spreads of captions and messages: the likelihood against quadrature and algebra, and the bias that it removes."""

import math
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import nbinom, norm

from sim.calibration.dispersion import (
    CAPTION,
    LARGEST,
    MESSAGE,
    SMALLEST,
    _elsewhere,
    _Likelihood,
    _Profile,
    dispersion_figures,
    log_determinant,
)
from sim.calibration.figures import Floats
from sim.calibration.log import NO_CAPTION, Integers, Sends
from sim.calibration.purchases import LIMIT, PurchaseFit

SIGMA, CV = 0.5, 0.3


def sends_of(page: Integers, caption: Integers, sold: Integers) -> Sends:
    ones = np.ones(len(page), np.int64)
    pages = tuple(f"page_{each:04d}" for each in range(int(page.max()) + 1))
    return Sends(page, np.arange(len(page)) * 3600, ones * 10.0, ones * 10_000, ones * 1_000, sold, caption, pages)


def fit_of(mean: Floats, rate: float = 1e-9, price: Floats | None = None, season: Floats | None = None) -> PurchaseFit:
    """Means as the regression would give them; `rate` purchases per view; columns of terms, none by default."""
    none = np.zeros((len(mean), 0))
    columns = {"price": none if price is None else price, "season": none if season is None else season}
    terms = SimpleNamespace(**{name: lambda rows, each=each: each[rows] for name, each in columns.items()})
    parts = SimpleNamespace(
        rows=np.ones(len(mean), np.bool_),
        rate=np.full(len(mean), rate),
        mean=mean,
        terms=terms,
        pages=np.arange(len(mean)),
        shared=SimpleNamespace(phi=0.2),
    )
    return cast(PurchaseFit, parts)


def likelihood(sold: list[int], caption: list[int], mean: list[float], rate: float = 1e-9) -> _Likelihood:
    sends = sends_of(np.zeros(len(sold), np.int64), np.array(caption), np.array(sold))
    fit = fit_of(np.array(mean), rate)
    return _Likelihood(sends, fit, fit.rows)


def test_the_likelihood_is_the_integral_over_the_quality() -> None:
    sold, mean = [3, 0, 5], [2.0, 1.0, 2.5]
    found = likelihood(sold, [4, 4, 4], mean)
    shape = CV**-2.0

    def joint(z: float) -> float:
        quality = math.exp(SIGMA * z - 0.5 * SIGMA**2)
        chances = [nbinom.pmf(k, shape, shape / (shape + m * quality)) for k, m in zip(sold, mean, strict=True)]
        return float(np.prod(chances) * norm.pdf(z))

    at = np.log([SIGMA, CV])
    whole = -found.loss(at) + found.adjustment(at)
    factorials = sum(math.lgamma(k + 1) for k in sold)  # left out, since no parameter moves them
    assert whole - factorials == pytest.approx(math.log(quad(joint, -9, 9)[0]), abs=1e-6)


PAGE, OWNER = np.array([0, 0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 2, 3, 3])
MEANS = np.array([4.0, 8.0, 2.0, 1.0, 30.0, 5.0, 6.0])


def restricted(columns: Floats) -> float:
    """Half the log determinant of the information on the coefficients of all columns, by dense algebra."""
    weight = MEANS / (1.0 + MEANS * CV**2)
    covariance = np.diag(1.0 / weight) + SIGMA**2 * (OWNER[:, None] == OWNER[None, :])
    return 0.5 * float(np.linalg.slogdet(columns.T @ np.linalg.inv(covariance) @ columns)[1])


def adjusted(price: Floats | None = None, season: Floats | None = None) -> float:
    fit = fit_of(MEANS, price=price, season=season)
    return _Likelihood(sends_of(PAGE, OWNER, np.arange(7)), fit, fit.rows).adjustment(np.log([SIGMA, CV]))


def test_the_adjustment_is_the_determinant_of_restricted_maximum_likelihood() -> None:
    levels = np.eye(2)[PAGE]
    assert adjusted() == pytest.approx(restricted(levels), rel=1e-12)
    price, season = np.array([[0.0, 1.0, 0.3, 0.0, 0.7, 0.0, 1.0]]).T, np.eye(7)[:, [1, 5]]
    assert adjusted(price, season) == pytest.approx(restricted(np.hstack([levels, price, season])), rel=1e-12)


def test_an_hour_in_which_nothing_was_sent_does_not_count() -> None:
    season = np.array([[0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]]).T
    assert adjusted(season=np.hstack([season, np.zeros((7, 1))])) == pytest.approx(adjusted(season=season), rel=1e-12)


@pytest.mark.parametrize(("values", "expected"), [([2.0, 3.0], math.log(6.0)), ([2.0, 0.0], math.log(2.0)), ([], 0.0)])
def test_the_determinant_leaves_out_what_is_not_known(values: list[float], expected: float) -> None:
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(len(values), len(values))))[0]
    assert log_determinant(turned @ np.diag(values) @ turned.T) == pytest.approx(expected)


def test_the_order_of_messages_and_the_names_of_captions_do_not_matter() -> None:
    at = np.log([SIGMA, CV])
    one = likelihood([3, 0, 5, 2], [4, 7, 4, 7], [2.0, 1.0, 2.5, 2.0]).loss(at)
    two = likelihood([2, 5, 0, 3], [1, 0, 1, 0], [2.0, 2.5, 1.0, 2.0]).loss(at)
    assert one == pytest.approx(two, rel=1e-12)


def test_messages_without_a_caption_are_captions_of_their_own() -> None:
    at = np.log([SIGMA, CV])
    nameless = likelihood([3, 0], [NO_CAPTION, NO_CAPTION], [2.0, 1.0])
    assert nameless.pairs == 0
    assert nameless.loss(at) == pytest.approx(likelihood([3, 0], [0, 1], [2.0, 1.0]).loss(at), rel=1e-12)


def test_a_rate_near_saturation_moves_less_than_the_quality() -> None:
    """At half of the largest rate the slope is one half: a quality of spread 0.6 looks like one of 0.3."""
    sold, caption, mean = [30, 10, 20, 60], [0, 0, 1, 1], [20.0, 20.0, 30.0, 30.0]
    at, half = np.log([0.6, CV]), np.log([0.3, CV])
    near, far = likelihood(sold, caption, mean, 0.5 * LIMIT), likelihood(sold, caption, mean)
    assert near.loss(at) - near.adjustment(at) == pytest.approx(far.loss(half) - far.adjustment(half), rel=1e-9)


def small_pages(seed: int) -> tuple[Sends, PurchaseFit]:
    """200 pages of three captions with four messages each; the level of a page is estimated from its own messages."""
    rng = np.random.default_rng(seed)
    page = np.repeat(np.arange(200), 12)
    caption = np.repeat(np.arange(600), 4)
    quality = np.exp(SIGMA * rng.standard_normal(600) - 0.5 * SIGMA**2)
    shape = CV**-2.0
    sold = rng.poisson(20.0 * quality[caption] * rng.gamma(shape, 1.0 / shape, len(page)))
    level = np.bincount(page, sold) / 12.0
    return sends_of(page, caption, sold), fit_of(level[page])


def test_levels_estimated_from_the_same_messages_do_not_bias_the_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three captions, the plain likelihood sees a variance smaller by a third: 18 % of the spread.

    600 captions give the logarithm of the spread a standard error of about 0.04: four of them are 0.16.
    """
    sends, fit = small_pages(3)
    adjusted = math.exp(_Likelihood(sends, fit, fit.rows).best()[0])
    monkeypatch.setattr(_Likelihood, "adjustment", lambda self, at: 0.0)
    plain = math.exp(_Likelihood(sends, fit, fit.rows).best()[0])
    assert abs(math.log(adjusted / SIGMA)) < 0.16
    assert plain < 0.9 * adjusted
    assert math.log(plain / SIGMA) < -0.12


def test_the_profile_finds_the_other_spread_where_it_starts_near_zero() -> None:
    # The sum of both variances is known well, the share of captions hardly: at a small CV of messages sigma must rise.
    def loss(at: Floats) -> float:
        caption, message = np.exp(2.0 * at)
        return 400.0 * (caption + message - 0.5) ** 2 + 2.0 * caption

    profile = _Profile(loss, np.log([SMALLEST, math.sqrt(0.5)]))
    value = math.log(0.4)
    grid = np.linspace(math.log(SMALLEST), math.log(LARGEST), 4_001)
    least = min(loss(np.array([each, value])) for each in grid)
    expected = math.sqrt(2.0 * (least - loss(np.log([SMALLEST, math.sqrt(0.5)]))))
    assert profile._root(1, value) == pytest.approx(expected, rel=0.01)


def test_messages_elsewhere_add_what_they_tell_of_prices() -> None:
    price = np.array([[0.0, 1.0, 0.3, 0.0, 0.7, 0.0, 1.0]]).T
    fit, sends = fit_of(MEANS, price=price), sends_of(PAGE, OWNER, np.arange(7))
    first = PAGE == 0
    weight = MEANS / (1.0 + fit.shared.phi * MEANS)
    columns = np.hstack([np.eye(2)[PAGE], price])
    for rows in (first, ~first):
        dense = columns[rows].T @ (weight[rows][:, None] * columns[rows])
        page = int(PAGE[rows][0])
        left = dense[2, 2] - dense[2, page] ** 2 / dense[page, page]
        assert _elsewhere(sends, fit, rows)[0, 0] == pytest.approx(left)
    with_others = _Likelihood(sends, fit, first)._elsewhere[0, 0]
    assert with_others == pytest.approx(_elsewhere(sends, fit, ~first)[0, 0])
    assert not _elsewhere(sends, fit, np.zeros(7, np.bool_)).any()


def test_figures_hold_the_truth_and_need_pairs() -> None:
    sends, fit = small_pages(4)
    caption, message = dispersion_figures(sends, fit)
    assert (caption.key, message.key) == (CAPTION, MESSAGE)
    for figure, truth in ((caption, math.sqrt(math.expm1(SIGMA**2))), (message, CV)):
        [(low, high)] = figure.limits
        assert low < truth < high
        assert low < figure.numbers[0] < high
    alone = dispersion_figures(sends.part(np.arange(0, sends.rows, 4)), fit_of(fit.mean[::4]))
    assert not alone[0].identified
    assert "share a caption" in alone[0].note


def test_too_few_or_saturated_messages_leave_both_to_the_defaults() -> None:
    sends, fit = small_pages(5)
    for figures in (
        dispersion_figures(sends.part(np.arange(100)), fit_of(fit.mean[:100])),
        dispersion_figures(sends, fit_of(fit.mean, rate=LIMIT)),
    ):
        assert [each.identified for each in figures] == [False, False]
        assert "too few messages" in figures[0].note
