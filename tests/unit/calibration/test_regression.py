"""The regression of counts against statsmodels' formulas written out, and the curves of purchases by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import gamma

from sim.calibration.figures import Floats
from sim.calibration.purchases import LIMIT, SHAPE, hats, limited, page_law, saturated
from sim.calibration.regression import Design, fit


def log_linear(eta: Floats, offset: Floats) -> tuple[Floats, Floats]:
    return eta + offset, np.ones(len(eta))


def design_of(count: Floats, page: np.ndarray, inner: Floats, outer: Floats, clusters=None) -> Design:
    rows = np.arange(len(count))
    offset = np.linspace(0.0, 1.0, len(count))
    return Design(count, offset, page, int(page.max()) + 1, inner, outer, clusters or (rows, rows))


@pytest.fixture(scope="module")
def counts() -> Design:
    rng = np.random.default_rng(5)
    page = np.repeat(np.arange(3), 40)
    inner, outer = rng.normal(size=(120, 1)), rng.normal(size=(120, 2))
    mean = np.exp(1.0 + 0.3 * page + 0.5 * inner[:, 0] - 0.2 * outer[:, 0])
    return design_of(rng.poisson(mean).astype(np.float64), page, inner, outer)


def test_without_dispersion_it_is_poisson_maximum_likelihood(counts: Design) -> None:
    found = fit(counts, log_linear, phi=0.0)
    whole = np.hstack([np.eye(3)[counts.page], counts.inner, counts.outer])

    def loss(at: Floats) -> float:
        eta = whole @ at + counts.offset
        return float((np.exp(eta) - counts.count * eta).sum())

    best = minimize(loss, np.zeros(6), method="BFGS", tol=1e-10).x
    assert np.concatenate([found.page, found.terms]) == pytest.approx(best, abs=1e-5)
    # At the maximum the fitted counts of each page add up to the observed ones.
    assert np.bincount(counts.page, found.mean) == pytest.approx(np.bincount(counts.page, counts.count), rel=1e-9)


def test_the_covariance_is_the_sandwich_of_the_whole_design(counts: Design) -> None:
    """Page effects eliminated or not: the block of the terms is the same."""
    found = fit(counts, log_linear, phi=0.0)
    whole = np.hstack([np.eye(3)[counts.page], counts.inner, counts.outer])
    bread = np.linalg.inv(whole.T @ (found.mean[:, None] * whole))
    score = (counts.count - found.mean)[:, None] * whole
    sandwich = bread @ (score.T @ score) @ bread
    ratio = found.covariance / sandwich[3:, 3:]
    # Small-sample factors may differ, but not between entries.
    assert ratio == pytest.approx(np.full_like(ratio, ratio[0, 0]), rel=1e-6)
    assert 0.9 < ratio[0, 0] < 1.2


def test_rows_of_one_cluster_count_as_one(counts: Design) -> None:
    """A design repeated four times within its clusters has the covariance of the single one."""
    four = np.tile(np.arange(120), 4)
    repeated = Design(
        np.tile(counts.count, 4),
        np.tile(counts.offset, 4),
        np.tile(counts.page, 4),
        3,
        np.tile(counts.inner, (4, 1)),
        np.tile(counts.outer, (4, 1)),
        (four, four),
    )
    once, again = fit(counts, log_linear, phi=0.0), fit(repeated, log_linear, phi=0.0)
    assert again.terms == pytest.approx(once.terms, abs=1e-8)
    assert again.covariance == pytest.approx(once.covariance, rel=0.02)


def test_dispersion_is_found_and_widens_nothing_of_the_mean() -> None:
    rng = np.random.default_rng(6)
    phi = 0.25
    count = rng.poisson(20.0 * rng.gamma(1 / phi, phi, 4_000)).astype(np.float64)
    none = np.zeros((4_000, 0))
    page = np.zeros(4_000, np.int64)
    rows = np.arange(4_000)
    found = fit(Design(count, np.zeros(4_000), page, 1, none, none, (rows, rows)), log_linear)
    # 4,000 gamma variables give their variance with a standard error of about 3 %.
    assert found.phi == pytest.approx(phi, rel=0.15)
    assert np.exp(found.page[0]) == pytest.approx(count.mean(), rel=1e-6)


@pytest.mark.parametrize("curve", [saturated, lambda eta, sigma: limited(eta, np.full(len(eta), -0.3), sigma)])
def test_slopes_of_the_curves_are_their_derivatives(curve) -> None:
    eta = np.linspace(-9.0, 1.0, 11)
    slope = curve(eta, 0.5)[1]
    step = 1e-5
    numeric = (curve(eta + step, 0.5)[0] - curve(eta - step, 0.5)[0]) / (2 * step)
    assert slope == pytest.approx(numeric, rel=1e-4, abs=1e-7)


def test_no_viewer_buys_twice() -> None:
    """E[min(1, x · Gamma)] by quadrature, at one quality."""
    eta, factor = np.log([0.05, 0.5, 5.0]), np.array([0.1, 0.4, 1.0])
    log_mean, _ = limited(eta, factor, 0.0)
    rate = np.exp(eta)
    x = rate / (1.0 + rate / LIMIT) * np.exp(factor)
    quantiles = gamma.ppf((np.arange(200_000) + 0.5) / 200_000, SHAPE, scale=1.0 / SHAPE)
    expected = [np.minimum(1.0, each * quantiles).mean() for each in x]
    assert np.exp(log_mean) == pytest.approx(expected, rel=1e-4)
    assert (log_mean <= 0.0).all()


def test_hats_add_up_to_one_and_meet_the_knots() -> None:
    knots = np.array([5.0, 10.0, 20.0])
    weights = hats(np.array([1.0, 5.0, 7.0, 20.0, 99.0]), knots)
    assert weights.sum(axis=1) == pytest.approx(np.ones(5))
    assert weights[[0, 1]].tolist() == [[1.0, 0.0, 0.0]] * 2
    assert weights[[3, 4]].tolist() == [[0.0, 0.0, 1.0]] * 2


def test_pages_with_known_errors_only_have_no_spread_of_their_own() -> None:
    rng = np.random.default_rng(9)
    error = 0.4
    level = error * rng.standard_normal(30)
    law = page_law(level, np.full(30, error**2), np.full(30, 50_000.0))
    assert law is not None
    assert law.sigma < 0.4
    assert law.sigma_low == 0.0
    assert abs(law.intercept) < law.intercept_reach + 0.1


def test_errors_are_clustered_one_way_where_all_rows_are_one_cluster(counts: Design) -> None:
    """The sum of scores over all rows is 0, which says nothing of errors."""
    rows = np.arange(len(counts.count))
    day, all_rows = rows // 10, np.zeros(len(rows), np.int64)
    by_day = fit(replace(counts, clusters=(day, day)), log_linear, phi=0.0)
    for clusters in ((all_rows, day), (day, all_rows)):
        found = fit(replace(counts, clusters=clusters), log_linear, phi=0.0)
        assert found.covariance == pytest.approx(by_day.covariance, rel=1e-9)
        assert (np.diag(found.covariance) > 1e-4).all()
