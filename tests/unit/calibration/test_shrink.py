"""Shrinking towards the published figures against the posterior of a normal mean, by hand."""

import math
from dataclasses import replace

import pytest

from sim.calibration.defaults import default_of
from sim.calibration.figures import Figure, Z, unknown
from sim.calibration.shrink import PRIOR_SIGMA, _posterior, shrunk

MEAN = "world.views.priced.mean"


def limits(value: float, sigma: float) -> tuple[float, float]:
    """The 95 % interval of a log-normal estimate."""
    return value * math.exp(-Z * sigma), value * math.exp(Z * sigma)


def test_an_error_as_large_as_the_prior_meets_it_half_way() -> None:
    value, low, high = _posterior(4.0, limits(4.0, PRIOR_SIGMA), 1.0)
    assert value == pytest.approx(2.0)  # the geometric mean
    assert math.log(high / low) == pytest.approx(2.0 * Z * PRIOR_SIGMA / math.sqrt(2.0))


@pytest.mark.parametrize("sigma", [0.05, 0.2, 1.0, 3.0])
def test_precisions_add_up(sigma: float) -> None:
    value, low, high = _posterior(3.0, limits(3.0, sigma), 2.0)
    own, prior = sigma**-2, PRIOR_SIGMA**-2
    assert math.log(value) == pytest.approx((own * math.log(3.0) + prior * math.log(2.0)) / (own + prior))
    assert (math.log(high / low) / (2.0 * Z)) ** -2 == pytest.approx(own + prior)


def test_an_exact_figure_stays_and_a_vague_one_becomes_the_prior() -> None:
    assert _posterior(3.0, limits(3.0, 1e-6), 2.0)[0] == pytest.approx(3.0)
    assert _posterior(3.0, limits(3.0, 50.0), 2.0)[0] == pytest.approx(2.0, rel=1e-3)


@pytest.mark.parametrize("values", [(0.0, 0.0, 1.0, 2.0), (1.0, 0.0, 2.0, 2.0), (1.0, 0.5, 2.0, 0.0)])
def test_what_has_no_logarithm_is_left_as_it_is(values: tuple[float, float, float, float]) -> None:
    value, low, high, prior = values
    assert _posterior(value, (low, high), prior) == (value, low, high)


def test_a_figure_moves_towards_its_default_and_says_so() -> None:
    published = float(default_of(MEAN))
    low, high = limits(4.0 * published, PRIOR_SIGMA)
    found = shrunk(Figure(MEAN, 4.0 * published, low, high, note="views per recipient"))
    assert found.value == pytest.approx(2.0 * published)
    assert found.note == f"views per recipient; shrunk towards the published {published:g}"


def test_a_list_moves_value_by_value() -> None:
    key = "world.factors.weekday"
    published = [float(each) for each in default_of(key)]
    observed = [4.0 * each for each in published]
    pairs = [limits(each, PRIOR_SIGMA) for each in observed]
    figure = Figure(key, observed, [low for low, _ in pairs], [high for _, high in pairs])
    found = shrunk(figure)
    assert found.value == pytest.approx([2.0 * each for each in published])
    assert found.note.endswith("the published values")
    assert len(found.low) == len(found.high) == 7


def test_points_keep_their_places() -> None:
    key = "world.purchases.per_view"
    published = [list(point) for point in default_of(key)]
    pairs = [limits(rate, 0.3) for _, rate in published]
    figure = Figure(key, published, [low for low, _ in pairs], [high for _, high in pairs])
    found = shrunk(figure)
    assert [place for place, _ in found.value] == [place for place, _ in published]
    assert [rate for _, rate in found.value] == pytest.approx([rate for _, rate in published])


def test_points_at_other_places_are_left_as_they_are() -> None:
    figure = Figure("world.purchases.per_view", [[3.5, 0.01]], [0.005], [0.02])
    assert shrunk(figure) is figure


@pytest.mark.parametrize(
    "figure",
    [
        unknown(MEAN, "too few messages"),
        Figure(MEAN, 0.1),
        Figure("world.audience.fixed", 100, 50.0, 200.0),
    ],
)
def test_without_an_interval_or_a_published_size_nothing_moves(figure: Figure) -> None:
    assert shrunk(figure) is figure


def test_the_interval_gets_narrower_never_wider() -> None:
    published = float(default_of(MEAN))
    figure = Figure(MEAN, published, *limits(published, 0.4))
    (low, high), (own_low, own_high) = shrunk(figure).limits[0], figure.limits[0]
    assert own_low < low < high < own_high
    assert shrunk(replace(figure, value=published)).value == pytest.approx(published)
