"""Wear of captions and its likelihood, in small numbers."""

import numpy as np
import pytest

from sim.calibration.fatigue import CRITICAL, Uses, _Conditional, _ends, _span, fatigue_figures
from sim.calibration.log import NO_CAPTION, Sends
from sim.units import DAY_S


def log_of(caption: list[int], day: list[int], purchased: list[int] | None = None) -> Sends:
    size = len(caption)
    return Sends(
        page=np.zeros(size, np.int64),
        time=np.array(day) * DAY_S,
        price=np.full(size, 10.0),
        sent=np.full(size, 1000),
        viewed=np.full(size, 100),
        purchased=np.array(purchased if purchased is not None else [1] * size),
        caption=np.array(caption),
        pages=("page_0001",),
    )


def uses_of(log: Sends) -> Uses:
    return Uses(log, np.ones(log.rows, bool))


def test_uses_are_counted_by_caption_whatever_is_sent_between() -> None:
    uses = uses_of(log_of([7, 8, 7, 7, 9], [0, 0, 1, 3, 3]))
    assert uses.repeated == 2
    assert uses.at.tolist() == [0, 2, 3, 1, 4]
    assert uses.group.tolist() == [0, 0, 0, 1, 2]


def test_messages_without_a_caption_are_no_uses() -> None:
    uses = uses_of(log_of([NO_CAPTION, 7, NO_CAPTION, 7], [0, 1, 2, 3]))
    assert uses.at.tolist() == [1, 3]
    assert uses.log_fresh(0.5, 1e9)[[0, 2]].tolist() == [0.0, 0.0]


def test_wear_halves_in_a_half_life_and_grows_with_each_use() -> None:
    # Days 0, 2, 2: after one use the wear is 0.4, after two days 0.2; used again 0.2 + 0.4 · 0.8 = 0.52.
    fresh = uses_of(log_of([7, 7, 7], [0, 2, 2])).log_fresh(0.4, 2.0)
    assert np.exp(fresh) == pytest.approx([1.0, 0.8, 0.48])


def test_no_drop_is_no_wear() -> None:
    assert uses_of(log_of([7, 7, 7], [0, 0, 0])).log_fresh(0.0, 5.0).tolist() == [0.0, 0.0, 0.0]


def test_a_caption_never_wears_out_entirely() -> None:
    fresh = uses_of(log_of([7] * 30, [0] * 30)).log_fresh(0.9, 100.0)
    assert fresh.min() == pytest.approx(np.log(0.001))


def test_each_use_sells_its_share_of_the_caption() -> None:
    log = log_of([7, 7, 8], [0, 0, 0], [3, 1, 5])
    conditional = _Conditional(log, uses_of(log), np.ones(3))
    assert conditional._share(0.5, 1e9) == pytest.approx([2 / 3, 1 / 3, 1.0])
    # A caption that is sent once says nothing: log 1 = 0.
    assert conditional._value(0.5, 1e9) == pytest.approx(3 * np.log(2 / 3) + np.log(1 / 3))


def test_the_likelihood_is_largest_at_the_ratio_of_sales() -> None:
    log = log_of([7, 7], [0, 0], [100, 60])
    conditional = _Conditional(log, uses_of(log), np.ones(2))
    best = max(np.linspace(0.0, 0.9, 91), key=lambda drop: conditional._value(float(drop), 1e9))
    assert best == pytest.approx(0.4)


def test_dispersion_is_pearsons_chi_square_and_at_least_one() -> None:
    even = log_of([7, 7, 8, 8], [0, 0, 0, 0], [50, 50, 50, 50])
    assert _Conditional(even, uses_of(even), np.ones(4))._dispersion(np.zeros((1, 1))) == 1.0
    odd = log_of([7, 7, 8, 8], [0, 0, 0, 0], [90, 10, 10, 90])
    # Expected are 50 each: 4 · 40² / 50 = 128 over 4 − 2 degrees of freedom.
    assert _Conditional(odd, uses_of(odd), np.ones(4))._dispersion(np.zeros((1, 1))) == pytest.approx(64.0)


def test_the_ends_of_an_interval_lie_between_points_of_the_grid() -> None:
    grid = np.linspace(-4.0, 4.0, 801)
    low, high = _ends(grid, -0.5 * grid**2)
    assert (low, high) == pytest.approx((-np.sqrt(CRITICAL), np.sqrt(CRITICAL)), abs=1e-4)


def test_an_interval_ends_with_its_grid() -> None:
    grid = np.linspace(0.0, 1.0, 11)
    assert _ends(grid, np.zeros(11)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("likely", "expected"),
    [([0, 0, 1, 0, 0], (1.0, 3.0)), ([1, 1, 0, 0, 0], (0.0, 2.0)), ([0, 0, 0, 0, 1], (3.0, 4.0))],
)
def test_a_finer_grid_spans_one_point_more_at_both_sides(likely: list[int], expected: tuple[float, float]) -> None:
    assert _span(np.arange(5.0), np.array(likely, bool)) == expected


def test_captions_sent_once_say_nothing() -> None:
    log = log_of([1, 2, 3], [0, 1, 2])
    drop, life = fatigue_figures(log, uses_of(log), np.ones(3))
    assert drop.note == life.note == "no page sent a caption twice"
    assert not drop.identified


def test_a_wide_interval_leaves_the_default() -> None:
    log = log_of([7, 7, 8, 8], [0, 1, 0, 1], [1, 1, 1, 0])
    drop, life = fatigue_figures(log, uses_of(log), np.ones(4))
    assert not drop.identified
    assert "seldom repeated" in drop.note
    assert life.note == "fatigue is not identified"
