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
    distribution(a, b, state, params, x) -> (exceeds, density)   P(score > x) and the score's density at x
    exponents(a, b, state, params) -> (p, q)              of a density proportional to x^p (1 − x)^q; optional, faster
    exploring(state, params) -> float                     P(this decision is pure chance); only for scores that are `a`
    propensity(arm, a, b, state, params) -> float         P(this decision sends the arm) where neither of these says it
    max_slope(a, b, value, state, params) -> float        largest growth of a score; only with `concave_index`
    tail(a, b, threshold, params) -> (chance, slope)      P(score > threshold); only with `tail_evaluable`
    update_tail(a, b, to_a, to_b, threshold, chance, slope, error, params) -> (chance, slope, error)
                                                          the same after a change; only with `tail_evaluable`
    draw_above(a, b, threshold, params, key) -> float     a score given that it exceeds the threshold; likewise
    observe_sales(views, purchases, messages, price, state, params) -> None        only with `reads_sales`, as the next
    summarise_sales(views, purchases, messages, price, state, params) -> (a, b)    in place of `summarise`
    evidence(views, purchases, messages, price, state, params) -> (n, s)           only with `reads_sales` and
                                                                                   `reads_fleet`
    observe_fleet(n, s, n_all, s_all, price, state, params) -> None         only with `reads_fleet`, as the next one
    summarise_fleet(n, s, n_all, s_all, price, state, params) -> (a, b)     in place of the other two
    recover(a, b, rest, left, params) -> (a, b)  what the last sends change; only with `reads_rest`
    learn_batch(t, n, s, notes, a, b, params, state) -> None   in place of `summarise`; only with `reads_batches`

In `prepare` and `propensity`, `n`, `a` and `b` are read-only arrays (arms,). `t` counts the row's trials so far (pulls;
fans where each fan is a trial). `params` is the NamedTuple of `parameters()`. `state` is float64 (state_size,), zero at
the start and kept between decisions; a rule names its places by constants. `key` is a uint64 for
`policies.maths.draws`: in `prepare` the key of the decision, in `score` the arm's own, which is
`arm_key(key of the decision, i)` for the arm at position i.

`distribution`, `exploring` and `propensity` serve logs of what was sent, and need not be given. They describe the
decision before anything is drawn, in `prepare` too, although they are called after `prepare`. `distribution` says that,
given `state`, scores are independent and have densities on `support`: the probability that an arm is among the k
largest follows (`sim.worlds.selection.inclusion`). `exponents` says the same law again, up to a factor: few evaluations
of a `distribution` that is costly then suffice. `exploring` is for a `state_independent_score`. A `weighted` policy
needs none of them, because it has `weight`. A `deterministic` policy needs none either: its best arms share evenly.
Without any of them, decisions are drawn again and again (`sim.worlds.selection.redraws`).

`concave_index`: the score is costly, deterministic, and depends on a, b and `state[PROGRESS]` alone. This never falls
from one decision to the next. The score rises with it, by at most `max_slope` (>= 0) per unit from a decision with
score `value` on, up to SCORE_ERROR. An index solved earlier then bounds today's from both sides, and kernels solve
again only those that could be the largest.

`tail_evaluable`: the score is random, costly to draw, and its distribution depends on a and b alone. `tail` returns the
probability that the score exceeds `threshold`, and `slope`, any number that `update_tail` needs. `update_tail` moves
both from (a, b) to (to_a, to_b) at a lower cost than `tail`; `error` is the relative error of the probability, returned
with what the step added. Without `update_tail`, kernels call `tail` again. `policies.maths.beta_tails` is an example.

`reads_sales`: in the traffic world the policy learns from views, purchases and messages (as counted by the update job)
and from the price in dollars, 0 where there is none. Before a decision of a tier the engine calls `observe_sales` for
each of its captions that were sent, which adds up what a fit needs in the tier's `state`; one without views and
messages adds nothing; then `summarise_sales` for those that are eligible, of captions without feedback once per
price (and category), then `prepare`. Worlds without sales call `summarise`.

`reads_category`: in the traffic world, before it calls one of these functions or of the next ones for a caption, the
engine writes the number of the caption's category, from 1, to `state[CATEGORY]`.

`reads_fleet`: in the traffic world with a shared bank, the policy learns from the other pages of the replication, too.
`n_all` and `s_all` are sums of `n` and `s` over all pages, as of the beginning of the day: of trials and successes, or,
where the policy also `reads_sales`, of what `evidence` returns. Before a decision of a tier the engine calls
`observe_fleet` for each of its captions of which any page knows something, then `summarise_fleet` as above, then
`prepare`. Where pages have banks of their own,
`n_all` is `n` and `s_all` is `s`. Other worlds call `summarise`.

`reads_rest`: in the traffic world `recover` changes `a` and `b` of each eligible caption that was sent before. `rest`
is the days since its last send, `left` the share of a fresh caption's rate that it has by the policy's belief: a send
costs the first number of `fatigue_assumed` as a share of it, and its second is the days in which half of the loss is
regained. Views then count by what was left at the send, with `seasons_known` also by the factors of weekday, holiday
and hour. Other worlds do not call it.

`reads_batches`: the policy learns from the trials and successes that one refresh brings, and not only from their sums.
After each refresh that brings any, the engine calls `learn_batch` once, with arrays (arms,) of what is new in `n` and
`s`. The rule writes `a` and `b`, (arms,), and may keep more of each arm in `notes`, (arms, note_size), zero at first.
`summarise` then serves arms without feedback. The table world calls `summarise` only.

`corrects_delay`: `n` is the expected number of trials whose outcome is known by now, by the law of the delay in the
scenario, known failures and unknown outcomes alike. In the bernoulli world this matters under a random delay. In the
traffic world, where the policy must also have `reads_sales`, views count by the chance that a purchase is known.

`exchangeable_untried`: arms without feedback are equals. Of m equal scores kernels draw only the largest, as quantiles,
so that thousands of untried captions cost little. `prepare` must not read any arm's `n`, `a` or `b` (it may read how
many arms there are), `summarise` must not read `true_mean`, and `quantile` must have the distribution of `score` for a
uniform `u` in [0, 1] and rise with `u`, or be constant. A `deterministic` policy needs no `quantile`. With
`prepare_reads_tried` besides, `prepare` may read `n`, `a` and `b`, but must write the same `state` whether or not it is
shown arms without feedback, because kernels leave out most of them.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import Field, dataclass, field, fields
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Protocol

import numpy as np
from pydantic import Field as Limits
from pydantic import Strict, TypeAdapter, ValidationError

SCORE_ERROR = 1e-12  # largest error of a score of a `concave_index` policy
UNKNOWN = 2.0  # in place of a probability: no uniform number reaches it
RARE = 0.25  # largest probability of exceeding a threshold at which kernels call `draw_above`
PROGRESS = 0  # place in `state` of what the index of a `concave_index` policy rises with
EXPLORING = 0  # place in `state` that is above 0 while scores of a `state_independent_score` policy are not `a`
CATEGORY = 0  # place in `state` where a policy that `reads_category` finds that of the caption shown

Key = np.uint64
Pair = tuple[float, float]
Tail = tuple[float, float, float]


class Vector(Protocol):
    """What a rule may do with an array of float64: read and write by position, iterate, and ask for the length."""

    def __getitem__(self, place: int, /) -> float: ...
    def __setitem__(self, place: int, value: float, /) -> None: ...
    def __iter__(self) -> Iterator[float]: ...
    def __len__(self) -> int: ...


Params = tuple[float, ...]  # in a rule: the NamedTuple that its policy's `parameters()` returns


def _prepare_nothing(t: float, n: Vector, a: Vector, b: Vector, params: Params, state: Vector, key: Key) -> None:
    pass


def _score_is_a(a: float, b: float, state: Vector, params: Params, key: Key) -> float:
    return a


def _support_is_a(a: float, b: float, state: Vector, params: Params) -> Pair:
    return a, a


def _weight_one(a: float, b: float, state: Vector, params: Params) -> float:
    return 1.0


def _distribution_unknown(a: float, b: float, state: Vector, params: Params, x: float) -> Pair:
    return math.nan, math.nan


def _exponents_unknown(a: float, b: float, state: Vector, params: Params) -> Pair:
    return math.nan, math.nan


def _never_explores(state: Vector, params: Params) -> float:
    return 0.0


def _propensity_unknown(arm: int, a: Vector, b: Vector, state: Vector, params: Params) -> float:
    return math.nan


def _max_slope_unknown(a: float, b: float, value: float, state: Vector, params: Params) -> float:
    return math.inf


def _quantile_unknown(a: float, b: float, state: Vector, params: Params, u: float) -> float:
    return math.nan


def _tail_unknown(a: float, b: float, threshold: float, params: Params) -> Pair:
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
    params: Params,
) -> Tail:
    return UNKNOWN, 0.0, 0.0


def _draw_above_unknown(a: float, b: float, threshold: float, params: Params, key: Key) -> float:
    return math.nan


def _observe_no_sales(
    views: float, purchases: float, messages: float, price: float, state: Vector, params: Params
) -> None:
    pass


def _summarise_no_sales(
    views: float, purchases: float, messages: float, price: float, state: Vector, params: Params
) -> Pair:
    return math.nan, math.nan


def _evidence_is_sales(
    views: float, purchases: float, messages: float, price: float, state: Vector, params: Params
) -> Pair:
    return views, purchases


def _observe_no_fleet(
    n: float, s: float, n_all: float, s_all: float, price: float, state: Vector, params: Params
) -> None:
    pass


def _summarise_no_fleet(
    n: float, s: float, n_all: float, s_all: float, price: float, state: Vector, params: Params
) -> Pair:
    return math.nan, math.nan


def _learn_nothing(
    t: float, n: Vector, s: Vector, notes: Any, a: Vector, b: Vector, params: Params, state: Vector
) -> None:
    pass


def _recover_nothing(a: float, b: float, rest: float, left: float, params: Params) -> Pair:
    return a, b


@dataclass(frozen=True)
class Rule:
    """The plain functions of a policy; see the module's docstring for their signatures."""

    summarise: Callable[..., Pair]
    score: Callable[..., float] = _score_is_a
    support: Callable[..., Pair] = _support_is_a
    prepare: Callable[..., None] = _prepare_nothing
    weight: Callable[..., float] = _weight_one
    distribution: Callable[..., Pair] = _distribution_unknown
    exponents: Callable[..., Pair] = _exponents_unknown
    exploring: Callable[..., float] = _never_explores
    propensity: Callable[..., float] = _propensity_unknown
    max_slope: Callable[..., float] = _max_slope_unknown
    quantile: Callable[..., float] = _quantile_unknown
    tail: Callable[..., Pair] = _tail_unknown
    update_tail: Callable[..., Tail] = _update_tail_unknown
    draw_above: Callable[..., float] = _draw_above_unknown
    observe_sales: Callable[..., None] = _observe_no_sales
    summarise_sales: Callable[..., Pair] = _summarise_no_sales
    evidence: Callable[..., Pair] = _evidence_is_sales
    observe_fleet: Callable[..., None] = _observe_no_fleet
    summarise_fleet: Callable[..., Pair] = _summarise_no_fleet
    recover: Callable[..., Pair] = _recover_nothing
    learn_batch: Callable[..., None] = _learn_nothing

    @property
    def has_distribution(self) -> bool:
        """Whether the law of a score is declared."""
        return self.distribution is not _distribution_unknown

    @property
    def has_exponents(self) -> bool:
        """Whether a score's density is declared as a product of powers."""
        return self.exponents is not _exponents_unknown

    @property
    def has_propensity(self) -> bool:
        """Whether the probability of each arm is declared as such."""
        return self.propensity is not _propensity_unknown


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

    A default that is a whole number (`2`, not `2.0`) accepts whole numbers only, a tuple as many numbers as it has, a
    word one of `choices`. None is accepted only where it is the default.
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
    score_ns: ClassVar[float] = 1.0  # rough cost of one score in nanoseconds, for estimates of run time
    weighted: ClassVar[bool] = False
    bounded_support: ClassVar[bool] = False  # can lock out the best arm for ever: its chance becomes 0 and stays so
    deterministic: ClassVar[bool] = False  # no score depends on a key, though `support` may be wider than the score
    prune_by_upper_bound: ClassVar[bool] = False  # kernels ask `support` first, which is much cheaper than `score`
    vectorise_from: ClassVar[int] = 0  # from so many arms on, kernels score all before they compare; 0: never
    exchangeable_untried: ClassVar[bool] = False  # kernels may draw the largest scores of arms without feedback at once
    prepare_reads_tried: ClassVar[bool] = False  # `prepare` reads arms, but only those with feedback count
    state_independent_score: ClassVar[bool] = False  # a score is `a`, unless `prepare` set state[EXPLORING] above 0
    concave_index: ClassVar[bool] = False  # kernels may keep a score for as long as its `max_slope` allows
    tail_evaluable: ClassVar[bool] = False  # kernels may draw only scores above a threshold
    reads_sales: ClassVar[bool] = False  # the traffic world shows views, purchases and price in place of labels
    reads_fleet: ClassVar[bool] = False  # the traffic world shows sums over the pages that share a bank
    reads_rest: ClassVar[bool] = False  # the traffic world says how long a caption has rested
    reads_batches: ClassVar[bool] = False  # `learn_batch` learns from what each refresh brings
    note_size: ClassVar[int] = 0  # numbers that `learn_batch` keeps of each arm, beside `a` and `b`
    corrects_delay: ClassVar[bool] = False  # `n` counts each trial by the chance that its outcome is known

    def parameters(self) -> Params:
        """The numbers that the rule's functions receive as `params`: a NamedTuple of floats."""
        return ()

    @property
    def memory(self) -> Memory:
        """Which feedback the statistics hold."""
        return Memory()

    @property
    def fatigue_assumed(self) -> Pair:
        """(share of its rate that a caption loses by a send, days in which half is regained), with `reads_rest`."""
        return 0.0, 1.0

    @property
    def seasons_known(self) -> bool:
        """Whether views count by the factors of weekday, holiday and hour at the send, with `reads_rest`."""
        return False

    @property
    def reads_category(self) -> bool:
        """Whether the traffic world says which category a caption has, with `reads_sales` or `reads_fleet`."""
        return False

    @property
    def true_mean_of(self) -> str:
        """What `true_mean` is in `summarise`: the arm's true mean "reward", or its true expected "revenue"."""
        return "reward"

    def __post_init__(self) -> None:
        """Check every parameter against its declared range; raises ValueError naming it."""
        for item in fields(self):
            value = getattr(self, item.name)
            try:
                _adapter(item).validate_python(value)
            except ValidationError as error:
                raise ValueError(f"{item.name}: {_message(error, item, value)}") from None


@cache
def _adapter(item: "Field[Any]") -> TypeAdapter[Any]:
    return TypeAdapter(_allowed(item))


def _allowed(item: "Field[Any]") -> Any:
    """The type of a parameter, with its range, for pydantic."""
    if isinstance(item.default, str):
        return Literal[item.metadata["choices"]]
    if isinstance(item.default, tuple):
        return Annotated[tuple[tuple(_number(each, item) for each in item.default)], Strict()]  # type: ignore[misc]
    return _number(0.0, item) | None if item.default is None else _number(item.default, item)


def _number(default: object, item: "Field[Any]") -> Any:
    low, high, above = (item.metadata.get(name) for name in ("low", "high", "open_low"))
    limits = Limits(
        gt=low if above else None,
        ge=None if above else low,
        le=high,
        multiple_of=1 if isinstance(default, int) else None,
        allow_inf_nan=False,
    )
    return Annotated[float, Strict(), limits]


_MESSAGES = {
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le:g}",
    "multiple_of": "must be a whole number",
    "literal_error": "must be one of {choices}",
}


def _message(error: ValidationError, item: "Field[Any]", value: object) -> str:
    first = error.errors()[0]
    if isinstance(item.default, tuple) and first["type"] in {"tuple_type", "too_long", "missing"}:
        return f"expected {len(item.default)} numbers, got {value!r}"
    text = _MESSAGES.get(first["type"], "expected a finite number")
    choices = ", ".join(item.metadata.get("choices", ()))
    return f"{text.format(choices=choices, **first.get('ctx', {}))}, got {first['input']!r}"
