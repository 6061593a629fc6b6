"""Figures: what stands beside a value, quantile intervals, shares."""

import numpy as np
import pytest
from scipy.stats import binom

from sim.calibration.figures import Figure, plain, quantile, share, unknown


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.034567, "0.0346"), (12_633.4, "12,633"), (0.5, "0.5"), (1.0, "1"), (3e-12, "3.00e-12")],
)
def test_three_digits_are_shown(value: float, text: str) -> None:
    assert plain(value) == text


def test_a_comment_gives_interval_and_note() -> None:
    assert Figure("k", 0.5, 0.4, 0.6, note="of messages").comment == "95 %: 0.4 to 0.6; of messages"
    assert Figure("k", [1.0, 2.0], [0.5, 1.5], [1.5, 2.5]).comment == "95 %: 0.5 to 1.5, 1.5 to 2.5"
    assert unknown("k", "too few").comment == "default: too few"
    assert Figure("k", "once").limits == []


def test_numbers_are_the_second_of_points() -> None:
    assert Figure("k", [[0.0, 3.0], [1.0, 4.0]]).numbers == [3.0, 4.0]
    assert Figure("k", 2).numbers == [2.0]
    assert Figure("k", "text").numbers == []


def test_the_interval_of_a_share_is_wilsons_and_closed_at_the_ends() -> None:
    middle = share("k", 50, 100)
    assert middle.low == pytest.approx(0.4038, abs=1e-4)
    assert middle.high == pytest.approx(0.5962, abs=1e-4)
    assert share("k", 0, 9).low == 0.0
    assert share("k", 9, 9).high == 1.0


def test_quantile_intervals_cover_in_95_percent() -> None:
    # 2,000 samples of 30: the count outside lies within the 1e-4 band of a binomial law of 93 to 97 %.
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(2_000):
        _, low, high = quantile(rng.standard_normal(30), 0.25)
        held += low <= -0.6744897501960817 <= high
    assert binom.ppf(1e-4, 2_000, 0.935) <= held <= binom.isf(1e-4, 2_000, 0.965)


def test_fewer_independent_values_give_a_wider_interval() -> None:
    values = np.arange(100.0)
    _, low, high = quantile(values, 0.5)
    _, wide_low, wide_high = quantile(values, 0.5, effective=10)
    assert wide_low < low < high < wide_high
