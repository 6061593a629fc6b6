"""The policy protocol: a policy is a small pure rule over the statistics of a row's arms.

A row is one page of one replication. For every arm the engine shows a policy `n` trials, `s` successes and
`ipw_successes`, the sum of outcomes divided by the probability of sending the arm (inverse propensity weights). All
three are as of the last refresh and contain no prior. The rule consists of a few plain Python functions over scalars.
The engine compiles them into its kernels. They may use `math` and functions of this package, for example those of
`policies.maths.draws`:

    summarise(n, s, ipw_successes, true_mean, params) -> (a, b)   what to keep of an arm; called when these change
    prepare(t, n, a, b, params, state, key) -> None       called once per decision, before the scores; may write `state`
    score(a, b, state, params, key) -> float              an arm's score; the largest is sent, ties break uniformly
    support(a, b, state, params) -> (low, high)           closed bounds of the score over all keys, also of `prepare`
    quantile(a, b, state, params, u) -> float             the score at quantile u; only with `exchangeable_untried`
    weight(a, b, state, params) -> float                  1 / propensity of the arm sent; only with `weighted`
    propensity(arm, a, b, state, params) -> float         P(this decision sends the arm); NaN: no closed form
    max_slope(a, b, value, state, params) -> float        largest growth of a score; only with `concave_index`
    tail(a, b, threshold, params) -> (chance, slope)      P(score > threshold); only with `tail_evaluable`
    update_tail(a, b, to_a, to_b, threshold, chance, slope, error, params) -> (chance, slope, error)
                                                          the same after a change; only with `tail_evaluable`
    draw_above(a, b, threshold, params, key) -> float     a score given that it exceeds the threshold; likewise

In `prepare` and `propensity`, `n`, `a` and `b` are read-only arrays (arms,). `t` counts the row's trials so far (pulls;
fans where each fan is a trial). `params` is the tuple of `parameters()` as float64. `state` is float64 (state_size,),
zero at the start and kept between decisions. `key` is a uint64 for `policies.maths.draws`: in `prepare` the key of the
decision, in `score` the arm's own, which is `arm_key(key of the decision, i)` for the arm at position i.

`propensity` serves logs of what was sent: it is the probability before anything is drawn, in `prepare` too, although
it is called after `prepare`. A `weighted` policy needs no `propensity`, because it has `weight`. A `deterministic`
policy needs none either: its best arms share evenly.

`concave_index`: the score is costly, deterministic, and depends on a, b and `state[0]` alone. `state[0]` never falls
from one decision to the next. The score rises with it, by at most `max_slope` (>= 0) per unit from a decision with
score `value` on, up to SCORE_ERROR. An index solved earlier then bounds today's from both sides, and kernels solve
again only those that could be the largest.

`tail_evaluable`: the score is random, costly to draw, and its distribution depends on a and b alone. `tail` returns the
probability that the score exceeds `threshold`, and `slope`, any number that `update_tail` needs. `update_tail` moves
both from (a, b) to (to_a, to_b) at a lower cost than `tail`; `error` is the relative error of the probability, returned
with what the step added. Without `update_tail`, kernels call `tail` again. `policies.maths.beta_tails` is an example.

`exchangeable_untried`: arms without feedback are equals. Of m equal scores kernels draw only the largest, as quantiles,
so that thousands of untried captions cost little. `prepare` must not read any arm's `n`, `a` or `b` (it may read how
many arms there are), `summarise` must not read `true_mean`, and `quantile` must have the distribution of `score` for a
uniform `u` in [0, 1] and rise with `u`, or be constant. A `deterministic` policy needs no `quantile`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

SCORE_ERROR = 1e-12  # largest error of a score of a `concave_index` policy
UNKNOWN = 2.0  # in place of a probability: no uniform number reaches it
RARE = 0.25  # largest probability of exceeding a threshold at which kernels call `draw_above`


def _prepare_nothing(t: Any, n: Any, a: Any, b: Any, params: Any, state: Any, key: Any) -> None:
    pass


def _score_is_a(a: float, b: float, state: Any, params: Any, key: Any) -> float:
    return a


def _support_is_a(a: float, b: float, state: Any, params: Any) -> tuple[float, float]:
    return a, a


def _weight_one(a: float, b: float, state: Any, params: Any) -> float:
    return 1.0


def _propensity_unknown(arm: int, a: Any, b: Any, state: Any, params: Any) -> float:
    return math.nan


def _max_slope_unknown(a: float, b: float, value: float, state: Any, params: Any) -> float:
    return math.inf


def _quantile_unknown(a: float, b: float, state: Any, params: Any, u: float) -> float:
    return math.nan


def _tail_unknown(a: float, b: float, threshold: float, params: Any) -> tuple[float, float]:
    return UNKNOWN, 0.0


def _update_tail_unknown(
    a: float,
    b: float,
    to_a: float,
    to_b: float,
    threshold: float,
    chance: float,
    slope: float,
    error: float,
    params: Any,
) -> tuple[float, float, float]:
    return UNKNOWN, 0.0, 0.0


def _draw_above_unknown(a: float, b: float, threshold: float, params: Any, key: Any) -> float:
    return math.nan


@dataclass(frozen=True)
class Rule:
    """The plain functions of a policy; see the module's docstring for their signatures."""

    summarise: Callable[..., Any]
    score: Callable[..., Any] = _score_is_a
    support: Callable[..., Any] = _support_is_a
    prepare: Callable[..., Any] = _prepare_nothing
    weight: Callable[..., Any] = _weight_one
    propensity: Callable[..., Any] = _propensity_unknown
    max_slope: Callable[..., Any] = _max_slope_unknown
    quantile: Callable[..., Any] = _quantile_unknown
    tail: Callable[..., Any] = _tail_unknown
    update_tail: Callable[..., Any] = _update_tail_unknown
    draw_above: Callable[..., Any] = _draw_above_unknown


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
    bounded_support: ClassVar[bool] = False  # can lock out the best arm for ever: its chance becomes 0 and stays so
    deterministic: ClassVar[bool] = False  # no score depends on a key, though `support` may be wider than the score
    prune_by_upper_bound: ClassVar[bool] = False  # kernels ask `support` first, which is much cheaper than `score`
    vectorise_from: ClassVar[int] = 0  # from so many arms on, kernels score all before they compare; 0: never
    exchangeable_untried: ClassVar[bool] = False  # kernels may draw the largest scores of arms without feedback at once
    state_independent_score: ClassVar[bool] = False  # a score is `a`, unless `prepare` set state[0] above 0
    concave_index: ClassVar[bool] = False  # kernels may keep a score for as long as its `max_slope` allows
    tail_evaluable: ClassVar[bool] = False  # kernels may draw only scores above a threshold

    def parameters(self) -> tuple[float, ...]:
        """The numbers that the rule's functions receive as `params`."""
        return ()

    @property
    def memory(self) -> Memory:
        """Which feedback the statistics hold."""
        return Memory()

    @property
    def true_mean_of(self) -> str:
        """What `true_mean` is in `summarise`: the arm's true mean "reward", or its true expected "revenue"."""
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
