"""Sums over classes of counts: how groups are named and summed, and which biases the tests on sums show."""

import numpy as np
import pytest

from sim.warehouse.verify.count_classes import Classes, ends_p, logs_p, moments_p, other_width, power_of
from verify.draws import classes_of

N = 200_000


def drawn(change, seed=41, classes=40):
    u = np.random.default_rng(seed).random(N)
    return classes_of(change(u), np.arange(N) % classes)


def of_keys(line, one, other, draws):
    """Classes with the given keys and numbers of draws, and sums of right draws' expectation."""
    none = np.zeros(len(line))
    draws = np.array(draws, dtype=float)
    keys = (np.array(key, dtype=float) for key in (line, one, other))
    return Classes(*keys, draws, none, none, none, draws / 12, *[none] * 4, draws, none, none, none)


def test_pairs_are_also_summed_by_successes_and_by_failures():
    groups = of_keys([0, 0, 0, 1], [3, 3, 41, 57], [1, 42, 1, 0], [10, 20, 30, 40]).groups()
    named = {groups.label(at): groups.draws[at] for at in range(groups.size)}
    assert named == {
        "(3, 1)": 10, "(3, 57–80)": 20, "(40–57, 1)": 30, "(57, any)": 40, "(3, any)": 30, "(40–57, any)": 30,
        "(any, 1)": 40, "(any, 57–80)": 20,
    }  # fmt: skip


def test_lines_are_named_by_their_exact_count():
    groups = of_keys([1, 2, 3], [900, 0, 77], [0, 0, 0], [5, 5, 5]).groups()
    assert [groups.label(at) for at in range(3)] == ["(900, any)", "(any, 0)", "counts whose sum is 77"]


def test_a_group_without_sharp_draws_says_nothing_of_bits():
    classes = of_keys([0, 0], [1, 2], [1, 2], [100, 100])
    assert (classes.groups().grid_p > 1e-6).all()
    assert (classes.groups().uniform_p > 0.99).all()


@pytest.mark.parametrize("bits", [20, 24, 32])
@pytest.mark.parametrize("offset", [0.0, 0.5])
def test_coarse_shares_lie_on_a_grid(bits, offset):
    coarse = drawn(lambda u: (np.floor(u * 2.0**bits) + offset) / 2.0**bits)
    assert coarse.groups().grid_p.min() < 1e-12
    assert drawn(lambda u: u).groups().grid_p.min() > 1e-6


SHAPES = {
    "less spread": (lambda u: np.where(np.arange(N) % 50 == 0, 0.25 + u / 2, u), "the spread"),
    "more at both ends": (lambda u: u - 0.01 * np.sin(2 * np.pi * u), "the spread"),
    "skewed with the right mean": (
        lambda u: u + 0.03 * ((u - 0.5) ** 2 - 1.0 / 12.0),
        "the third moment",
    ),
    "a wave": (lambda u: u + 0.004 * np.sin(4 * np.pi * u), "the fourth moment"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_bias_with_the_right_mean_shows_in_a_moment(shape):
    change, moment = SHAPES[shape]
    assert moments_p(drawn(lambda u: np.clip(change(u), 1e-9, 1 - 1e-9)))[moment] < 1e-6


def test_right_draws_show_nothing():
    classes = drawn(lambda u: u)
    assert min(*moments_p(classes).values(), *logs_p(classes).values(), ends_p(classes)) > 1e-3
    assert power_of(classes) == ""


@pytest.mark.parametrize("power", [1.05, 0.95, 1.5])
def test_a_power_is_named_from_either_side(power):
    below, above = drawn(lambda u: u**power), drawn(lambda u: 1.0 - u**power)
    found = power_of(below).removeprefix("a uniform draw to the power of ")
    assert float(found) == pytest.approx(power, rel=0.01)
    assert power_of(above).startswith("one minus a uniform draw to the power of ")


def test_what_is_no_power_is_not_called_one():
    halved = drawn(lambda u: np.where(np.arange(N) % 20 == 0, u / 2, u))
    assert logs_p(halved)["the logarithms"] < 1e-6
    assert power_of(halved) == ""


@pytest.mark.parametrize("z", [1.95, 1.97])
def test_another_width_at_large_counts_is_named_by_its_z(z):
    wider = drawn(lambda u: 0.5 + (u - 0.5) * z / 1.96)
    assert other_width(wider).startswith(f"an interval with z of about {z}")
