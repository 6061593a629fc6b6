"""kl-UCB that forgets an arm when a likelihood-ratio test says that it has changed."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from policies.base import Key, Pair, Policy, Rule, Vector, parameter
from policies.maths.divergence import kl, kl_upper
from policies.maths.draws import uniform

EXPLORING, CHANCE, NOW, RESTARTS = range(4)  # places in `state`
# Places in the notes of an arm, all since its last restart; then trials and successes at the points of a grid.
TRIALS, SUCCESSES, SINCE, TESTED, STEP, POINTS, GRID = range(7)
MOST_POINTS = 64


class _Params(NamedTuple):
    horizon: float
    exploration: float
    delta: float
    every: float
    log_factor: float


def _summarise(n: float, s: float, ipw_successes: float, true_mean: float, params: _Params) -> Pair:
    """As if the arm had never changed."""
    return _packed(0.0, n, s)


def _packed(since: float, n: float, s: float) -> Pair:
    """The trial of the last restart, a whole number, plus half the mean; and the trials since."""
    return (since + 0.5 * min(1.0, s / n), n) if n > 0.0 else (math.inf, 0.0)


def _learn_batch(
    t: float, n: Vector, s: Vector, notes: Any, a: Vector, b: Vector, params: _Params, state: Vector
) -> None:
    for arm in range(len(n)):
        if n[arm] > 0.0:
            note = notes[arm]
            note[TRIALS] += n[arm]
            note[SUCCESSES] += s[arm]
            if note[TRIALS] - note[TESTED] >= params.every:
                note[TESTED] = note[TRIALS]
                if _has_changed(note, params.delta):
                    note[:] = 0.0
                    note[SINCE] = math.floor(t)
                    state[RESTARTS] += 1.0
                else:
                    _add_point(note, params.every)
            a[arm], b[arm] = _packed(note[SINCE], note[TRIALS], note[SUCCESSES])


def _has_changed(note: Any, delta: float) -> bool:
    """Whether, for any point of the grid, two rates explain the outcomes much better than one does."""
    n, s = note[TRIALS], note[SUCCESSES]
    threshold = math.log(3.0 * n * math.sqrt(n) / delta)
    for point in range(int(note[POINTS])):
        early, won = note[GRID + 2 * point], note[GRID + 2 * point + 1]
        late = n - early
        if late > 0.0:
            gain = early * _divergence(won / early, s / n) + late * _divergence((s - won) / late, s / n)
            if gain > threshold:
                return True
    return False


def _divergence(p: float, q: float) -> float:
    """kl(p, q)."""
    p = max(0.0, min(1.0, p))
    return kl(p, q - p) if q >= p else kl(1.0 - p, p - q)


def _add_point(note: Any, every: float) -> None:
    """Keep this moment as a point of the grid; where it is full, every other one goes and the grid is coarser."""
    points = int(note[POINTS])
    note[STEP] = max(note[STEP], every)
    if points > 0 and note[TRIALS] - note[GRID + 2 * points - 2] < note[STEP]:
        return
    if points == MOST_POINTS:
        points //= 2
        for point in range(points):
            note[GRID + 2 * point] = note[GRID + 4 * point + 2]
            note[GRID + 2 * point + 1] = note[GRID + 4 * point + 3]
        note[STEP] *= 2.0
    note[GRID + 2 * points], note[GRID + 2 * points + 1] = note[TRIALS], note[SUCCESSES]
    note[POINTS] = points + 1


def _prepare(t: float, n: Vector, a: Vector, b: Vector, params: _Params, state: Vector, key: Key) -> None:
    share = (1.0 + state[RESTARTS]) * len(n) * math.log(params.horizon) / params.horizon
    state[CHANCE] = min(1.0, params.exploration * math.sqrt(share))
    state[EXPLORING] = 1.0 if uniform(key) < state[CHANCE] else 0.0
    state[NOW] = t


def _index(a: float, b: float, now: float, params: _Params) -> float:
    """kl-UCB since the last restart of the arm."""
    if b <= 0.0:
        return math.inf
    since = math.floor(a)
    return kl_upper(min(1.0, 2.0 * (a - since)), params.log_factor * math.log(max(1.0, now - since)) / b)


def _score(a: float, b: float, state: Vector, params: _Params, key: Key) -> float:
    return uniform(key) if state[EXPLORING] > 0.0 else _index(a, b, state[NOW], params)


def _quantile(a: float, b: float, state: Vector, params: _Params, u: float) -> float:
    return u if state[EXPLORING] > 0.0 else _index(a, b, state[NOW], params)


def _support(a: float, b: float, state: Vector, params: _Params) -> Pair:
    return 0.0, (1.0 if b > 0.0 else math.inf)


def _propensity(arm: int, a: Vector, b: Vector, state: Vector, params: _Params) -> float:
    own, ties = _index(a[arm], b[arm], state[NOW], params), 0
    for other in range(len(a)):
        index = _index(a[other], b[other], state[NOW], params)
        if index > own:
            return state[CHANCE] / len(a)
        ties += index == own
    return state[CHANCE] / len(a) + (1.0 - state[CHANCE]) / ties


@dataclass(frozen=True, kw_only=True)
class GlrKlucb(Policy):
    """The index of `kl_ucb` on the outcomes of an arm since its last restart; now and then an arm drawn uniformly.

    After every `every` outcomes of an arm a generalised likelihood-ratio test asks whether its rate has changed; if so,
    this arm is forgotten (local restart). With k restarts, K arms and T trials in all, the probability of a uniform
    choice is exploration · sqrt((1 + k) K ln T / T).
    """

    horizon: float = parameter(10_000.0, "T, trials of the row in all", low=3.0)
    exploration: float = parameter(0.1, "factor of the probability of a uniform choice", low=0.0)
    delta: float | None = parameter(
        None, "false-alarm rate of the test; null: 1 / sqrt(T)", low=0.0, high=1.0, open_low=True
    )
    every: float = parameter(10.0, "outcomes of an arm between two tests, and between two possible changes", low=1.0)

    log_factor: float = parameter(1.0, "factor of ln t in the index; 3 in the source's simulations", low=0.0)

    kind: ClassVar[str] = "glr_klucb"
    source: ClassVar[str] = "Besson & Kaufmann 2019, algorithm 1 with local restarts"
    score_ns: ClassVar[float] = 60.0
    rule: ClassVar[Rule] = Rule(
        summarise=_summarise,
        learn_batch=_learn_batch,
        prepare=_prepare,
        score=_score,
        support=_support,
        quantile=_quantile,
        propensity=_propensity,
    )
    state_size: ClassVar[int] = 4
    exchangeable_untried: ClassVar[bool] = True
    reads_batches: ClassVar[bool] = True
    note_size: ClassVar[int] = GRID + 2 * MOST_POINTS

    def parameters(self) -> _Params:
        """The numbers of the rule, with the false-alarm rate that the horizon implies where none is given."""
        delta = 1.0 / math.sqrt(self.horizon) if self.delta is None else float(self.delta)
        numbers = (self.horizon, self.exploration, delta, self.every, self.log_factor)
        return _Params._make(float(number) for number in numbers)
