"""Logs in which something does not vary: figures with intervals, or a reason, never another end."""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from sim.calibration.checks import _alike
from sim.calibration.figures import Figure
from sim.calibration.purchases import fit_purchases
from sim.calibration.views import _sigma_interval, view_figures, view_laws
from twins.made_logs import drawn

SMALL = drawn(pages=2, days=10, per_day=10, fans=500)


def finite(figures: list[Figure]) -> Iterator[bool]:
    for figure in figures:
        for low, high in figure.limits:
            yield math.isfinite(low) and low <= high < 1e6


@pytest.mark.parametrize(
    "views",
    [
        SMALL.sent,  # everyone views every message
        np.maximum(SMALL.sent // 2, 1),  # exactly half
        np.random.default_rng(5).binomial(SMALL.sent, 0.5),  # chance alone: no spread of the messages' own
        np.zeros_like(SMALL.sent),
    ],
    ids=["all", "half", "chance", "none"],
)
def test_views_without_a_spread_of_their_own(views: np.ndarray) -> None:
    figures = view_figures(view_laws(replace(SMALL, viewed=views)))
    assert all(finite(figures))
    for figure in figures:
        assert figure.value is None or 0.0 <= figure.numbers[0] <= 1.0


def test_the_interval_of_a_spread_that_may_be_nothing_begins_at_nothing() -> None:
    low, high = _sigma_interval(0.01, 40.0)
    assert (low, high) == (0.0, pytest.approx(0.41))
    assert _sigma_interval(0.5, 0.1) == (0.5 * math.exp(-0.1), 0.5 * math.exp(0.1))
    assert _sigma_interval(0.5, 1e9)[1] < 10.0


def test_groups_without_variance_differ_in_nothing_that_can_be_tested() -> None:
    assert _alike(np.full(10, 2.3), np.arange(10) % 2) == 1.0
    assert _alike(np.array([1.0, 2.0]), np.array([0, 1])) == 1.0
    assert _alike(np.array([1.0, 1.1, 5.0, 5.1]), np.array([0, 0, 1, 1])) < 0.01


def test_one_caption_that_is_sent_all_day_has_rates() -> None:
    """The default fatigue would leave it nothing, so that its rate would have to be above the limit."""
    log = drawn(pages=1, days=10, per_day=40)
    sold = np.random.default_rng(2).binomial(log.viewed, 0.01)
    whole = np.zeros_like(log.caption)
    fitted = fit_purchases(replace(log, caption=whole, price=np.full(log.rows, 10.0), purchased=sold))
    assert fitted is not None
    assert np.exp(fitted.page[0]) == pytest.approx(sold.sum() / log.viewed.sum(), rel=0.05)
    assert fitted.fatigue[0].numbers[0] < 0.01
