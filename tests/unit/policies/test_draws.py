"""Addressed draws: pure functions of their key, equal in Python and compiled, with no state between them."""

import math
from typing import Any

import numpy as np
import pytest

from policies.maths import draws
from policies.maths.draws import arm_key, beta, gamma, gumbel, mix, normal, open_uniform, pull_key, uniform
from sim.kernels import specialise, unbound

KEYS = np.random.default_rng(1).integers(0, 2**64, 2000, dtype=np.uint64)
SHAPES = [(1.0, 1.0), (0.5, 0.5), (1e-3, 2.0), (3.0, 900.0), (1e9, 1e9), (1e9, 1e-3)]


@pytest.fixture(autouse=True)
def wrap_around() -> Any:
    """Keys wrap around by design; NumPy scalars would warn."""
    with np.errstate(over="ignore"):
        yield


def _normal(key: Any, a: float, b: float) -> float:
    return normal(key)


def _gumbel(key: Any, a: float, b: float) -> float:
    return gumbel(key)


def _gamma(key: Any, a: float, b: float) -> float:
    return gamma(key, a)


draw = unbound("draw")


def fill(keys: Any, a: float, b: float, out: Any) -> None:
    for i in range(keys.shape[0]):
        out[i] = draw(keys[i], a, b)


@pytest.mark.parametrize("draw", [_normal, _gumbel, _gamma, beta])
def test_compiled_draws_have_the_bits_of_plain_ones(draw: Any) -> None:
    kernel = specialise(fill, f"draws_test_{draw.__name__}", draw=draw)
    for a, b in SHAPES:
        out = np.empty(len(KEYS))
        kernel(KEYS, a, b, out)
        assert out.tobytes() == np.array([draw(key, a, b) for key in KEYS]).tobytes()


def test_mix_is_a_bijection_on_what_can_be_seen_of_it() -> None:
    keys = np.arange(200_000, dtype=np.uint64)
    assert len(np.unique(mix(keys))) == len(keys)


def test_mix_flips_half_of_the_bits() -> None:
    for bit in range(64):
        flipped = mix(KEYS) ^ mix(KEYS ^ np.uint64(1 << bit))
        # 128,000 bits: four standard deviations of their mean are 0.0056; false alarm 6e-5.
        assert abs(np.bitwise_count(flipped).mean() / 64 - 0.5) < 0.0056


def test_addresses_are_distinct() -> None:
    keys = {int(arm_key(pull_key(KEYS[0], pull), arm)) for pull in range(300) for arm in range(103)}
    assert len(keys) == 300 * 103


def test_uniforms_reach_their_ends_and_not_beyond() -> None:
    top, bottom = _preimage(2**64 - 1), _preimage(0)
    assert (uniform(bottom), uniform(top)) == (0.0, 1.0 - 2.0**-53)
    assert 0.0 < open_uniform(bottom) < open_uniform(top) < 1.0
    assert math.isfinite(gumbel(bottom))
    assert math.isfinite(gumbel(top))


def _preimage(value: int) -> np.uint64:
    """The key that `mix` maps to this value, by undoing its steps."""
    mask = 2**64 - 1
    inverse = [pow(int(m), -1, 2**64) for m in (draws._M1, draws._M2)]
    value = _unshift(value, 31) * inverse[1] & mask
    value = _unshift(value, 27) * inverse[0] & mask
    return np.uint64(_unshift(value, 30))


def _unshift(value: int, by: int) -> int:
    found = value
    for _ in range(64 // by + 1):
        found = value ^ (found >> by)
    return found


@pytest.mark.parametrize("shape", [1e-6, 1e-3, 0.3, 1.0, 7.5, 1e9])
def test_gammas_and_betas_stay_finite_and_in_range(shape: float) -> None:
    for key in KEYS[:500]:
        assert 0.0 <= gamma(key, shape) < math.inf
        for other in (1e-6, 0.5, 1.0, 1e9):
            assert 0.0 <= beta(key, shape, other) <= 1.0


def test_huge_betas_keep_their_precision() -> None:
    values = np.array([beta(key, 1e9, 1e9) for key in KEYS])
    assert len(np.unique(values)) == len(values)
    assert np.abs(values - 0.5).max() < 6.0 * 0.5 / math.sqrt(2e9)


def test_the_ziggurat_is_made_of_equal_areas() -> None:
    edge, density = draws._EDGE, draws._DENSITY
    tail = math.sqrt(0.5 * math.pi) * math.erfc(edge[1] / math.sqrt(2.0))
    base = edge[1] * density[1] + tail
    layers = edge[1:-1] * np.diff(density[1:])
    assert layers == pytest.approx(np.full(254 + 1, base), rel=1e-9)
    assert edge[0] * density[1] == pytest.approx(base, rel=1e-12)
    assert edge[1] == pytest.approx(3.6541528853610088, rel=1e-12)  # Marsaglia & Tsang 2000, 256 layers
