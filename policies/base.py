"""What a policy is: a small pure rule over the statistics of a row's arms.

A row is one page of one replication. The engine shows a policy, for every arm, `n` trials, `s` successes and `w`
importance-weighted successes, all as of the last refresh, without any prior. The rule is a few plain Python
functions over scalars; the engine compiles them into its kernels. They may use `math` and functions of this package
like `policies.maths.draws`:

    derive(n, s, w, truth, params) -> (x, y)             what to keep of an arm; called when its statistics change
    prepare(t, n, x, y, params, state, key) -> None      once a decision, before the scores; may write `state`
    score(x, y, state, params, key) -> float             an arm's score; the largest is sent, ties break uniformly
    support(x, y, state, params) -> (low, high)          closed bounds of the score over all keys, also of `prepare`
    quantile(x, y, state, params, u) -> float            the score at quantile u; only where `pools_cold` is set
    weight(x, y, state, params) -> float                 1 / propensity of the arm sent; only where `weighted` is set
    propensity(arm, x, y, state, params) -> float        P(this decision sends the arm); NaN: no closed form
    slope(x, y, value, state, params) -> float           how fast a score grows at most; only where `concave` is set
    tail(x, y, level, params) -> (chance, pace)          P(score > level); only where `tailed` is set, as the next two
    follow(x, y, to_x, to_y, level, chance, pace, doubt, params) -> (chance, pace, doubt)   the same after a change
    above(x, y, level, params, key) -> float             a score given that it exceeds the level

`n`, `x`, `y` of `prepare` and `propensity` are arrays (arms,), to be read only; `t` counts the row's trials so far
(pulls; fans where each fan is a trial); `params` is the tuple of `parameters()` as float64; `state` is float64
(state_size,), zero at the start and kept between decisions; `key` is a uint64 for `policies.maths.draws`: in `prepare`
the decision's, in `score` the arm's own, which is `arm_key(decision's, i)` for the arm at position i.

`propensity` is for logs of what was sent: the probability before anything is drawn, in `prepare` too, though it is
asked after `prepare`. A `weighted` policy needs none, for it has `weight`, nor does a `deterministic` one, whose best
arms share evenly.

A costly index can be `concave`: its score depends on x, y and `state[0]` alone, which never falls from one decision
to the next, and in which the score rises, by at most `slope` (>= 0) a unit from a decision with score `value` on, but
for SCORE_ERROR. An index solved long ago then still bounds today's from both sides, and kernels solve only those that
could be the largest.

A random score that is costly to draw can be `tailed`: its law depends on x and y alone. `tail` gives the chance that it
exceeds `level`, and `pace`, any number that `follow` wants back. `follow` brings both from (x, y) to (to_x, to_y) for
less than `tail` costs; `doubt` is the relative error of the chance, which it returns increased by what it added.
Without a `follow`, `tail` is asked again. See policies.maths.beta_tails for an example.

A policy that `pools_cold` lets kernels treat arms without feedback as what they are, equals: of m equal scores only the
largest are drawn, as quantiles, so that thousands of captions that nobody knows cost little. Its `prepare` then looks
at no arm's `n`, `x` or `y`, though it may ask how many arms there are, its `derive` not at the truth, and `quantile`
has the law of `score` for a uniform `u` in [0, 1], with which it rises, unless it is the same for all. A
`deterministic` policy needs no `quantile`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

SCORE_ERROR = 1e-12  # by which scores of a concave policy may be off, and kernels allow for
UNKNOWN = 2.0  # a chance that no uniform number reaches
RARE = 0.25  # the largest chance of passing a level at which `above` is asked


def _prepare_nothing(t: Any, n: Any, x: Any, y: Any, params: Any, state: Any, key: Any) -> None:
    pass


def _score_is_x(x: float, y: float, state: Any, params: Any, key: Any) -> float:
    return x


def _support_is_x(x: float, y: float, state: Any, params: Any) -> tuple[float, float]:
    return x, x


def _weight_one(x: float, y: float, state: Any, params: Any) -> float:
    return 1.0


def _propensity_unknown(arm: int, x: Any, y: Any, state: Any, params: Any) -> float:
    return math.nan


def _slope_unknown(x: float, y: float, value: float, state: Any, params: Any) -> float:
    return math.inf


def _quantile_unknown(x: float, y: float, state: Any, params: Any, u: float) -> float:
    return math.nan


def _tail_unknown(x: float, y: float, level: float, params: Any) -> tuple[float, float]:
    return UNKNOWN, 0.0


def _follow_unknown(
    x: float, y: float, to_x: float, to_y: float, level: float, chance: float, pace: float, doubt: float, params: Any
) -> tuple[float, float, float]:
    return UNKNOWN, 0.0, 0.0


def _above_unknown(x: float, y: float, level: float, params: Any, key: Any) -> float:
    return math.nan


@dataclass(frozen=True)
class Rule:
    """The plain functions of a policy; see the module's docstring for their signatures."""

    derive: Callable[..., Any]
    score: Callable[..., Any] = _score_is_x
    support: Callable[..., Any] = _support_is_x
    prepare: Callable[..., Any] = _prepare_nothing
    weight: Callable[..., Any] = _weight_one
    propensity: Callable[..., Any] = _propensity_unknown
    slope: Callable[..., Any] = _slope_unknown
    quantile: Callable[..., Any] = _quantile_unknown
    tail: Callable[..., Any] = _tail_unknown
    follow: Callable[..., Any] = _follow_unknown
    above: Callable[..., Any] = _above_unknown


@dataclass(frozen=True)
class Memory:
    """Which feedback the statistics hold: all, all decayed by `discount` a pull, or that of the last `window` pulls."""

    discount: float = 1.0
    window: int = 0

    @property
    def cumulative(self) -> bool:
        """Whether nothing is ever forgotten."""
        return self.discount == 1.0 and self.window == 0


def parameter(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    open_low: bool = False,
    choices: tuple[str, ...] = (),
) -> Any:
    """A policy's parameter: its default, what it means, and its range (`open_low`: `low` itself is excluded).

    A default that is a whole number (`2`, not `2.0`) asks for whole numbers, a tuple for as many numbers, a word
    for one of `choices`; only where the default is None may the value be None.
    """
    bounds = {"low": low, "high": high, "open_low": open_low}
    return field(default=default, metadata={"doc": doc, "choices": choices, **bounds})


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Base of all policies; a subclass is a frozen dataclass whose fields are its parameters."""

    kind: ClassVar[str] = ""
    source: ClassVar[str] = ""  # author, year, equation
    rule: ClassVar[Rule]
    state_size: ClassVar[int] = 0
    weighted: ClassVar[bool] = False
    deterministic: ClassVar[bool] = False  # no score depends on a key, though `support` may be wider than the score
    prune: ClassVar[bool] = False  # `support` is so much cheaper than `score` that kernels should ask it first
    batch: ClassVar[int] = 0  # from so many arms on, kernels score all before they compare; for plain arithmetic
    pools_cold: ClassVar[bool] = False  # kernels may draw the largest scores of arms without feedback at once
    steady: ClassVar[bool] = False  # scores are `x`, unless `prepare` set state[0] above 0; kernels may keep the leader
    concave: ClassVar[bool] = False  # kernels may keep scores and their `slope`, which says how long they will do
    tailed: ClassVar[bool] = False  # kernels may draw only scores that pass a level, by the rule's `tail` and `above`

    def parameters(self) -> tuple[float, ...]:
        """The numbers that the rule's functions receive as `params`."""
        return ()

    @property
    def memory(self) -> Memory:
        """Which feedback the statistics hold."""
        return Memory()

    @property
    def truth(self) -> str:
        """What `truth` holds in `derive`: the arm's true mean "reward", or its true expected "revenue"."""
        return "reward"

    def __post_init__(self) -> None:
        """Check every parameter against its declared range; raises ValueError naming it."""
        for item in fields(self):
            _check(item.name, getattr(self, item.name), item.default, item.metadata)


def _check(name: str, value: Any, default: Any, metadata: Mapping[str, Any]) -> None:
    if isinstance(default, str):
        _check_word(name, value, metadata.get("choices", ()))
    elif isinstance(default, tuple):
        _check_tuple(name, value, default, metadata)
    elif value is not None or default is not None:
        _check_number(name, value, default, metadata)


def _check_word(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name}: must be one of {', '.join(choices)}, got {value!r}")


def _check_tuple(name: str, value: Any, default: tuple[float, ...], metadata: Mapping[str, Any]) -> None:
    if not isinstance(value, tuple) or len(value) != len(default):
        raise ValueError(f"{name}: expected {len(default)} numbers, got {value!r}")
    for number, usual in zip(value, default, strict=True):
        _check_number(name, number, usual, metadata)


def _check_number(name: str, number: Any, default: Any, metadata: Mapping[str, Any]) -> None:
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
        raise ValueError(f"{name}: expected a finite number, got {number!r}")
    if isinstance(default, int) and number != int(number):
        raise ValueError(f"{name}: must be a whole number, got {number}")
    low, high, above = metadata.get("low"), metadata.get("high"), metadata.get("open_low")
    if low is not None and (number < low or (above and number == low)):
        raise ValueError(f"{name}: must be {'above' if above else 'at least'} {low}, got {number}")
    if high is not None and number > high:
        raise ValueError(f"{name}: must be at most {high}, got {number}")
