"""Posterior predictive checks, and the words of a calibration, on small logs."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from sim.calibration.calibrate import Calibration, calibrate
from sim.calibration.checks import Misfit
from sim.calibration.figures import Figure
from sim.calibration.log import NO_CAPTION
from sim.calibration.predictive import FAR, Prediction, _drawn, _size_group, compared, predict
from sim.calibration.purchases import fit_purchases
from sim.calibration.text import data, headline, shown_limits, shown_value, text
from sim.calibration.views import ViewLaw
from twins.made_logs import drawn


def test_a_value_in_the_middle_of_the_draws_is_near_and_one_outside_far() -> None:
    draws = np.random.default_rng(1).normal(10.0, 2.0, (4_000, 2))
    near, far = compared(["near", "far"], np.array([10.0, 30.0]), draws)
    assert abs(near.distance) < 0.1
    assert far.distance == pytest.approx(10.0, abs=0.5)
    assert (near.failed, far.failed) == (False, True)
    # 95 % of a normal law lie within 1.96 standard deviations.
    assert (near.low, near.high) == (pytest.approx(6.08, abs=0.2), pytest.approx(13.92, abs=0.2))


def test_equal_draws_do_not_divide_by_zero() -> None:
    [same, other] = compared(["same", "other"], np.array([3.0, 4.0]), np.full((200, 2), 3.0))
    assert same.distance == 0.0
    assert other.failed
    assert math.isfinite(other.distance)


def test_thirds_of_the_pages_are_by_audience() -> None:
    log = drawn(pages=6, days=7, per_day=2)
    log = replace(log, sent=(log.page + 1) * 1_000)
    assert _size_group(log).tolist() == [0, 0, 1, 1, 2, 2]


def test_purchases_are_drawn_with_the_mean_of_the_fit_and_the_spread_of_the_model() -> None:
    log = drawn(pages=3, days=30, per_day=20, fans=400_000)
    fitted = fit_purchases(log)
    assert fitted is not None
    rows = np.flatnonzero(fitted.rows)
    rng = np.random.default_rng(2)
    plain = np.array([_drawn(log, fitted, rows, (0.0, 0.0), rng).sum() for _ in range(40)])
    total = fitted.mean[rows].sum()
    # The levels of three pages have errors; 40 draws average them to within a few per cent.
    assert plain.mean() == pytest.approx(total, rel=0.03)
    noisy = np.array([_drawn(log, fitted, rows, (0.5, 0.5), rng).sum() for _ in range(40)])
    assert noisy.std() > 2.0 * plain.std()


def test_captions_of_unnamed_messages_are_drawn_one_by_one() -> None:
    """With one caption for all, the sum moves as much as the quality; with one each, it hardly does."""
    log = drawn(pages=1, days=30, per_day=20, fans=400_000)
    fitted = fit_purchases(log)
    assert fitted is not None
    rows = np.flatnonzero(fitted.rows)

    def spread(caption: int) -> float:
        named = replace(log, caption=np.full(log.rows, caption))
        rng = np.random.default_rng(3)
        sums = np.array([_drawn(named, fitted, rows, (0.5, 0.0), rng).sum() for _ in range(60)])
        return float(sums.std() / sums.mean())

    assert spread(0) > 0.3
    assert spread(NO_CAPTION) < 0.15


def test_quantities_that_the_log_cannot_have_are_not_predicted() -> None:
    log = drawn(pages=2, days=7, per_day=6)
    law = ViewLaw(0.03, 0.5, 1e-6 * np.eye(2))
    names = [each.name for each in predict(log, {"priced": law}, None, (None, None), seed=1)]
    assert names
    assert all("view rate of priced messages" in name for name in names)


def test_a_view_law_that_is_wrong_is_far_from_the_log() -> None:
    log = drawn(pages=2, days=20, per_day=20)
    right = ViewLaw(0.03, math.sqrt(math.log1p(0.25)), 1e-4 * np.eye(2))
    found = predict(log, {"priced": right}, None, (None, None), seed=1)
    assert not any(each.failed for each in found)
    wrong = predict(log, {"priced": replace(right, mean=0.06)}, None, (None, None), seed=1)
    assert all(each.distance < -FAR for each in wrong if "50 %" in each.name)


@pytest.fixture(scope="module")
def found() -> Calibration:
    return calibrate(drawn(pages=2, days=10, per_day=10))


def test_a_log_that_fits_says_so(found: Calibration) -> None:
    good = replace(found, misfits=(Misfit("prices stay", 0.5, ""),), predictions=())
    assert headline(good) == "The model fits the log: none of 1 assumptions is contradicted."


def test_misfits_and_far_quantities_are_named(found: Calibration) -> None:
    bad = replace(
        found,
        misfits=(Misfit("prices stay", 1e-9, "other prices"), Misfit("view rates stay", 0.3, "")),
        predictions=(Prediction("maximum", 900.0, 10.0, 5.0, 20.0, 99.0), Prediction("mean", 1.0, 1.0, 0.9, 1.1, 0.1)),
    )
    assert headline(bad) == (
        "The model does not fit the log: not true of this log: prices stay; "
        "1 of 2 quantities are far from what the model produces."
    )
    shown = text(bad)
    assert "  misfit: prices stay: other prices" in shown
    assert "  misfit: maximum: 900; the model gives 5 to 20" in shown
    assert "view rates stay" not in shown


def test_every_figure_is_in_the_text_once_and_in_the_data(found: Calibration) -> None:
    shown = text(found)
    for figure in found.figures:
        assert sum(line.strip().startswith(f"{figure.key} ") for line in shown.splitlines()) <= 1
        assert figure.key in shown
    plain = json.loads(json.dumps(data(found)))
    assert [each["key"] for each in plain["figures"]] == [each.key for each in found.figures]
    assert plain["fits"] == found.fits


def test_long_lists_show_their_ends() -> None:
    figure = Figure("world.factors.weekday", [1.0, 2.0, 3.0, 4.0, 5.0], [0.5] * 5, [6.0] * 5)
    assert shown_value(figure) == "1, …, 5"
    assert shown_limits(figure) == "0.5 to 6, …, 0.5 to 6"
    assert shown_value(Figure("world.start", "2025-01-06")) == "2025-01-06"
    assert shown_limits(Figure("world.pages", 3)) == ""
