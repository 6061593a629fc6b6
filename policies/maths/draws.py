"""Counter-based random numbers: a draw is a pure function of a 64-bit key.

A key is mixed from an address (replication, page, purpose, pull, arm), never taken from a running
generator, so no draw depends on the order of use. The functions are plain Python that Numba compiles
when an engine kernel is built; keys are uint64 and wrap around.

A draw that needs several uniforms walks a stream of states: the first is the key itself, each next one is STREAM
further. Such functions come in pairs: `normal(key)` is the draw; `next_normal(state)` returns it with the next state.

Sources: Steele, Lea & Flood (2014), "Fast splittable pseudorandom number generators", with Stafford's variant 13 of the
finaliser. Normals: Marsaglia & Tsang (2000), "The ziggurat method", with layer, sign and position from separate bits as
Doornik (2005) asks; tail: Marsaglia (1964). Gammas: Marsaglia & Tsang (2000), "A simple method for generating gamma
variables".
"""

import math

import numpy as np
from numpy.typing import NDArray

STREAM = np.uint64(0x9E3779B97F4A7C15)  # between successive draws of one key
PULL = np.uint64(0xD1342543DE82EF95)  # between pulls of one row
ARM = np.uint64(0xDA942042E4DD58B5)  # between arms of one decision
_M1 = np.uint64(0xBF58476D1CE4E5B9)
_M2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_S11, _S12 = np.uint64(11), np.uint64(12)
_UNIT = 1.0 / 9007199254740992.0  # 2**-53
_LAYER, _SIGN, _ZERO = np.uint64(255), np.uint64(256), np.uint64(0)  # the eleven bits that `uniform` drops


def _area_excess(start: float, layers: int) -> float:
    """How far the topmost of `layers` equal areas that begin at `start` overshoots the top of exp(−x²/2)."""
    area = start * math.exp(-0.5 * start * start) + math.sqrt(0.5 * math.pi) * math.erfc(start / math.sqrt(2.0))
    edge = start
    for _ in range(layers - 2):
        height = math.exp(-0.5 * edge * edge) + area / edge
        if height >= 1.0:
            return 1.0
        edge = math.sqrt(-2.0 * math.log(height))
    return math.exp(-0.5 * edge * edge) + area / edge - 1.0


def _ziggurat(layers: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Edges (layers + 1,) from the widest to 0 and the density exp(−x²/2) there; layer 0 holds the tail."""
    low, high = 2.0, 5.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _area_excess(middle, layers) > 0.0 else (low, middle)
    area = high * math.exp(-0.5 * high * high) + math.sqrt(0.5 * math.pi) * math.erfc(high / math.sqrt(2.0))
    edges = [area / math.exp(-0.5 * high * high), high]
    while len(edges) < layers:
        edges.append(math.sqrt(-2.0 * math.log(math.exp(-0.5 * edges[-1] ** 2) + area / edges[-1])))
    edges.append(0.0)
    x = np.array(edges)
    return x, np.exp(-0.5 * x * x)


_EDGE, _DENSITY = _ziggurat(256)
_TAIL = float(_EDGE[1])


def mix(key: np.uint64) -> np.uint64:
    """A bijective scrambling of 64 bits."""
    key = (key ^ (key >> _S30)) * _M1
    key = (key ^ (key >> _S27)) * _M2
    return key ^ (key >> _S31)


def pull_key(row_key: np.uint64, pull: int) -> np.uint64:
    """The key of one decision (or outcome) of a row."""
    return mix(row_key + PULL * np.uint64(pull + 1))


def arm_key(decision_key: np.uint64, arm: int) -> np.uint64:
    """The key of one arm within a decision."""
    return decision_key + ARM * np.uint64(arm + 1)


def uniform(key: np.uint64) -> float:
    """Uniform on [0, 1), 53 bits."""
    return float(mix(key) >> _S11) * _UNIT


def open_uniform(key: np.uint64) -> float:
    """Uniform on (0, 1), 52 bits: safe under a logarithm (at 53 bits the largest would round to 1)."""
    return (float(mix(key) >> _S12) + 0.5) * (2.0 * _UNIT)


def gumbel(key: np.uint64) -> float:
    """Standard Gumbel: argmax of log-weights plus Gumbels is a draw by weight (Gumbel 1954)."""
    return -math.log(-math.log(open_uniform(key)))


def next_normal(state: np.uint64) -> tuple[float, np.uint64]:
    """(a standard normal, the state that follows)."""
    while True:
        bits = mix(state)
        state = state + STREAM
        layer = int(bits & _LAYER)
        x = float(bits >> _S11) * _UNIT * _EDGE[layer]
        inside = x < _EDGE[layer + 1]
        if not inside and layer == 0:
            x, state = _tail(state)
            inside = True
        elif not inside:
            height = _DENSITY[layer] + uniform(state) * (_DENSITY[layer + 1] - _DENSITY[layer])
            state = state + STREAM
            inside = height < math.exp(-0.5 * x * x)
        if inside:
            return (x if bits & _SIGN == _ZERO else -x), state


def _tail(state: np.uint64) -> tuple[float, np.uint64]:
    """A normal given that it exceeds the ziggurat's last edge."""
    while True:
        x = -math.log(open_uniform(state)) / _TAIL
        y = -math.log(open_uniform(state + STREAM))
        state = state + STREAM + STREAM
        if y + y > x * x:
            return _TAIL + x, state


def normal(key: np.uint64) -> float:
    """Standard normal."""
    return next_normal(key)[0]


def _gamma_from_one(state: np.uint64, shape: float) -> tuple[float, np.uint64]:
    """(a gamma of `shape` >= 1 and scale 1, the state that follows)."""
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x, state = next_normal(state)
        v = 1.0 + c * x
        if v <= 0.0:
            continue
        v = v * v * v
        u = open_uniform(state)
        state = state + STREAM
        square = x * x
        if u < 1.0 - 0.0331 * square * square or math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return d * v, state


def next_log_gamma(state: np.uint64, shape: float) -> tuple[float, np.uint64]:
    """(the logarithm of a gamma of any `shape` > 0, the state that follows): no underflow at tiny shapes."""
    if shape >= 1.0:
        value, state = _gamma_from_one(state, shape)
        return math.log(value), state
    value, state = _gamma_from_one(state, shape + 1.0)
    return math.log(value) + math.log(open_uniform(state)) / shape, state + STREAM


def gamma(key: np.uint64, shape: float) -> float:
    """Gamma of `shape` > 0 and scale 1; below about 1e-3 most draws round to 0, as most of the distribution does."""
    if shape >= 1.0:
        return _gamma_from_one(key, shape)[0]
    return math.exp(next_log_gamma(key, shape)[0])


def beta(key: np.uint64, a: float, b: float) -> float:
    """Beta(a, b) on [0, 1], a, b > 0, as the share of one gamma in the sum of two."""
    if a >= 1.0 and b >= 1.0:
        first, state = _gamma_from_one(key, a)
        second, state = _gamma_from_one(state, b)
        return first / (first + second)
    log_first, state = next_log_gamma(key, a)
    log_second, state = next_log_gamma(state, b)
    odds = log_second - log_first
    return 1.0 / (1.0 + math.exp(odds)) if odds < 700.0 else math.exp(-odds)
