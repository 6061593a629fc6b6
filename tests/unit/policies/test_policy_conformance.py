"""Every policy passes the conformance check, and the check fails on policies that break a rule."""

import ast
import importlib
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from policies.base import Policy, Rule, parameter
from policies.conformance import NonconformingError, check, lowest_score
from policies.maths.draws import uniform
from policies.maths.laws import beta_law
from policies.registry import build, kinds
from sim.errors import ScenarioError
from sim.kernels import specialise
from sim.scenario import load

ALLOWED = {"math", "numpy", "dataclasses", "typing", "collections", "policies"}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("oracle", {"by": "revenue"}),
    ("epsilon_greedy", {"epsilon": 0.0}),
    ("epsilon_greedy", {"c": 5.0}),
    ("kl_ucb", {"c": 3.0}),
    ("moss", {"horizon": 10}),
    ("bayes_ucb", {"c": 5.0, "prior": (0.01, 0.01)}),
    ("thompson_beta", {"prior": (1e-3, 1e-3)}),
    ("thompson_empirical_bayes", {"prior": (1e-3, 5), "max_strength": 1}),
    ("wilson_sample", {"z": 0.0}),
    ("wilson_sample", {"prior": (1e-6, 1e-6), "z": 40.0}),
    ("wilson_normal", {"scale": 100.0}),
    ("boltzmann", {"temperature": 1e-6}),
    ("exp3", {"gamma": 1e-9}),
    ("exp3", {"gamma": 1.0}),
    ("explore_then_commit", {"m": 1}),
]


@pytest.mark.parametrize("kind", kinds())
def test_every_policy_conforms_plain_and_compiled(kind: str) -> None:
    check(kind, specialise)


@pytest.mark.parametrize(("kind", "params"), VARIANTS)
def test_unusual_parameters_conform(kind: str, params: dict[str, Any]) -> None:
    check(build(kind, params))


@pytest.mark.parametrize("kind", kinds())
def test_policy_modules_import_nothing_heavy(kind: str) -> None:
    module = importlib.import_module(kinds()[kind].__module__)
    assert module.__file__ is not None
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = {name for node in imports for name in _names(node)}
    assert {name.split(".")[0] for name in names} <= ALLOWED


def _names(node: ast.Import | ast.ImportFrom) -> list[str]:
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]


@dataclass(frozen=True, kw_only=True)
class Fine(Policy):
    """A policy that conforms."""

    width: float = parameter(1.0, "how wide", low=0.0)

    kind: ClassVar[str] = "fine"
    source: ClassVar[str] = "nobody, 2025"
    rule: ClassVar[Rule] = Rule(summarise=lambda n, s, ipw_successes, true_mean, params: (s, params[0]))

    def parameters(self) -> tuple[float, ...]:
        return (float(self.width),)


def _nan_mean(n: float, s: float, ipw_successes: float, true_mean: float, params: Any) -> tuple[float, float]:
    return (s / n if n > 0.0 else math.nan), 0.0


def _writes_x(t: Any, n: Any, a: Any, b: Any, params: Any, state: Any, key: Any) -> None:
    a[0] = 9.0


def _writes_n(t: Any, n: Any, a: Any, b: Any, params: Any, state: Any, key: Any) -> None:
    n[0] = 9.0


_CALLS = []


def _remembers(a: float, b: float, state: Any, params: Any, key: Any) -> float:
    _CALLS.append(a)
    return float(len(_CALLS))


def _beyond(a: float, b: float, state: Any, params: Any, key: Any) -> float:
    return 2.0 + uniform(key)


def _half(a: float, b: float, state: Any, params: Any) -> float:
    return 0.5


def _even(arm: int, a: Any, b: Any, state: Any, params: Any) -> float:
    return 1.0 / len(a)


def _bounded(a: float, b: float, state: Any, params: Any) -> tuple[float, float]:
    return 0.0, 1.0


def _wide(a: float, b: float, state: Any, params: Any) -> tuple[float, float]:
    return -math.inf, math.inf


def _lowest(a: float, b: float, state: Any, params: Any, key: Any) -> float:
    return -math.inf


def _tells_time(t: Any, n: Any, a: Any, b: Any, params: Any, state: Any, key: Any) -> None:
    state[0] = math.sqrt(t)


def _counts_down(t: Any, n: Any, a: Any, b: Any, params: Any, state: Any, key: Any) -> None:
    state[0] = -t


def _logarithm(a: float, b: float, state: Any, params: Any, key: Any) -> float:
    return math.log1p(state[0])


def _its_slope(a: float, b: float, value: float, state: Any, params: Any) -> float:
    return 1.0 / (1.0 + state[0])  # type: ignore[no-any-return]


def _half_its_slope(a: float, b: float, value: float, state: Any, params: Any) -> float:
    return 0.5 / (1.0 + state[0])  # type: ignore[no-any-return]


def _downhill(a: float, b: float, value: float, state: Any, params: Any) -> float:
    return -1.0


FINE = Fine.rule
LOGARITHM = replace(FINE, prepare=_tells_time, score=_logarithm, support=_wide, max_slope=_its_slope)
LAZY_INDEX = {"concave_index": True, "deterministic": True, "state_size": 1}


@dataclass(frozen=True, kw_only=True)
class Logarithm(Fine):
    """A policy with a concave index that conforms."""

    rule: ClassVar[Rule] = LOGARITHM
    state_size: ClassVar[int] = 1
    deterministic: ClassVar[bool] = True
    concave_index: ClassVar[bool] = True


def _tail_of_unit(a: float, b: float, level: float, params: Any) -> tuple[float, float]:
    return 1.0 - level, 0.0


def _above_in_unit(a: float, b: float, level: float, params: Any, key: Any) -> float:
    return level + (1.0 - level) * uniform(key)


def _unit(a: float, b: float, state: Any, params: Any, key: Any) -> float:
    return uniform(key)


def _moving_unit(a: float, b: float, state: Any, params: Any, key: Any) -> float:
    return uniform(key) * (1.0 if state[0] == 0.0 else 0.5)


def _lighter(a: float, b: float, level: float, params: Any) -> tuple[float, float]:
    return 0.3 * (1.0 - level), 0.0


def _no_chance(a: float, b: float, level: float, params: Any) -> tuple[float, float]:
    return math.nan, 0.0


def _below(a: float, b: float, level: float, params: Any, key: Any) -> float:
    return level * uniform(key)


def _astray(
    a: float, b: float, to_a: float, to_b: float, level: float, chance: float, slope: float, error: float, params: Any
) -> tuple[float, float, float]:
    return 0.9 * chance, slope, error


TAIL_PRUNING = {"tail_evaluable": True}
UNIT = replace(FINE, score=_unit, support=_wide, tail=_tail_of_unit, draw_above=_above_in_unit)
IN_UNIT = replace(UNIT, support=_bounded)
BETA = replace(
    IN_UNIT,
    summarise=lambda n, s, ipw_successes, true_mean, params: (1.0 + s, 1.0 + n - s),
    distribution=lambda a, b, state, params, x: beta_law(a, b, x),
    exponents=lambda a, b, state, params: (a - 1.0, b - 1.0),
)


@dataclass(frozen=True, kw_only=True)
class Unit(Fine):
    """A policy with an evaluable tail that conforms."""

    rule: ClassVar[Rule] = UNIT
    tail_evaluable: ClassVar[bool] = True


def _falling(a: float, b: float, state: Any, params: Any, u: float) -> float:
    return 1.0 - u


def _squared(a: float, b: float, state: Any, params: Any, u: float) -> float:
    return u * u


def _sees_truth(n: float, s: float, ipw_successes: float, true_mean: float, params: Any) -> tuple[float, float]:
    return true_mean, 0.0


def _adds_up(t: Any, n: Any, a: Any, b: Any, params: Any, state: Any, key: Any) -> None:
    state[0] = n[0] + n[-1]


def _rises(a: float, b: float, state: Any, params: Any, u: float) -> float:
    return u


def _counts_captions(views: Any, purchases: Any, messages: Any, price: Any, state: Any, params: Any) -> None:
    state[0] += 1.0


def _counts_fleet(n: Any, s: Any, n_all: Any, s_all: Any, price: Any, state: Any, params: Any) -> None:
    state[0] += 1.0


def _rate(views: float, purchases: Any, messages: Any, price: float, state: Any, params: Any) -> tuple[float, float]:
    return purchases / (1.0 + views), 0.0


def _priced(views: Any, purchases: Any, messages: Any, price: float, state: Any, params: Any) -> tuple[float, float]:
    return price / (1.0 + views), 0.0


def _no_fleet(n: Any, s: Any, n_all: Any, s_all: Any, price: Any, state: Any, params: Any) -> tuple[float, float]:
    return 0.0, 0.0


def _nothing(n: float, s: float, ipw_successes: float, true_mean: float, params: Any) -> tuple[float, float]:
    return s, 0.0


SALES = replace(FINE, summarise=_nothing, summarise_sales=_rate)
FLEET = {"reads_fleet": True, "state_size": 1}
EQUAL_SALES = {"reads_sales": True, "exchangeable_untried": True, "deterministic": True}
POOLS = {"exchangeable_untried": True}
POOLED = replace(FINE, score=_unit, support=_wide, quantile=_rises)


@dataclass(frozen=True, kw_only=True)
class Pooled(Fine):
    """A policy that conforms, and whose cold arms are equals."""

    rule: ClassVar[Rule] = POOLED
    exchangeable_untried: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Equal(Fine):
    """A policy that reads sales, and whose captions are equals before the first."""

    rule: ClassVar[Rule] = SALES
    reads_sales: ClassVar[bool] = True
    exchangeable_untried: ClassVar[bool] = True
    deterministic: ClassVar[bool] = True


BAD_RULES = [
    (replace(FINE, score=_unit, support=_wide), {"state_independent_score": True}, "not a"),
    (replace(FINE, summarise=_sees_truth), {**POOLS, "deterministic": True}, "looks at true_mean"),
    (replace(FINE, prepare=_adds_up), {**POOLS, "deterministic": True, "state_size": 1}, "looks at the arms"),
    (
        replace(FINE, prepare=_adds_up),
        {**POOLS, "deterministic": True, "state_size": 1, "prepare_reads_tried": True},
        "arms without feedback",
    ),
    (FINE, {"reads_sales": True}, "not finite"),
    (POOLED, {**POOLS, "reads_sales": True}, "differ by price"),
    (replace(SALES, summarise_sales=_priced), EQUAL_SALES, "differ by price"),
    (replace(SALES, observe_sales=_counts_captions), {"reads_sales": True, "state_size": 1}, "never sent"),
    (replace(SALES, observe_fleet=_counts_fleet, summarise_fleet=_no_fleet), FLEET, "sent nowhere"),
    (SALES, {"reads_sales": True, "weighted": True}, "says weighted"),
    (replace(FINE, prepare=_counts_down), {"reads_sales": True, "state_size": 1}, "a score from sales"),
    (replace(POOLED, quantile=_falling), POOLS, "does not rise"),
    (replace(POOLED, quantile=_squared), POOLS, "law of score"),
    (replace(FINE, summarise=_nan_mean), {}, "NaN"),
    (replace(FINE, prepare=_writes_x), {}, "writes to a or b"),
    (replace(FINE, prepare=_writes_n), {}, "writes to n"),
    (replace(FINE, score=_remembers, support=_wide), {}, "different results"),
    (replace(FINE, score=_beyond), {}, "outside its support"),
    (replace(FINE, score=_beyond, support=_wide), {"deterministic": True}, "says deterministic"),
    (replace(FINE, score=_lowest, support=_wide), {}, "−inf"),
    (replace(FINE, weight=_half), {"weighted": True}, "at least 1"),
    (replace(FINE, weight=lambda a, b, state, params: 2.0), {}, "does not say weighted"),
    (replace(UNIT, propensity=lambda arm, a, b, state, params: 1.0), {}, "add up to 1"),
    (replace(FINE, propensity=_even), {"deterministic": True}, "nobody asks for"),
    (replace(UNIT, distribution=lambda a, b, state, params, x: (1.0 - x, 1.0)), {}, "needs a finite support"),
    (replace(UNIT, exploring=lambda state, params: 1.5), {}, "not between 0 and 1"),
    (replace(IN_UNIT, distribution=lambda a, b, state, params, x: (1.0 - x, 2.0)), {}, "not the slope"),
    (
        replace(IN_UNIT, distribution=lambda a, b, state, params, x: (0.9 - 0.9 * x, 0.9)),
        {},
        "below its support",
    ),
    (
        replace(IN_UNIT, distribution=lambda a, b, state, params, x: (1.0 - 0.9 * x, 0.9)),
        {},
        "above its support",
    ),
    (replace(BETA, exponents=lambda a, b, state, params: (a, b)), {}, "that of its exponents"),
    (replace(BETA, support=lambda a, b, state, params: (-1.0, 1.0)), {}, r"support within \[0, 1\]"),
    (LOGARITHM, {**LAZY_INDEX, "deterministic": False}, "not deterministic"),
    (replace(FINE, prepare=_counts_down), LAZY_INDEX, "state.PROGRESS. falls"),
    (replace(LOGARITHM, max_slope=_half_its_slope), LAZY_INDEX, "an earlier one sets"),
    (replace(LOGARITHM, max_slope=_downhill), LAZY_INDEX, "negative"),
    (replace(UNIT, score=_moving_unit), {**TAIL_PRUNING, "state_size": 1}, "depends on state"),
    (replace(UNIT, tail=_lighter), TAIL_PRUNING, "more or less often"),
    (replace(UNIT, tail=_no_chance), TAIL_PRUNING, "chance is negative or NaN"),
    (replace(UNIT, draw_above=_below), TAIL_PRUNING, "do not exceed"),
    (replace(UNIT, update_tail=_astray), TAIL_PRUNING, "update_tail and tail disagree"),
]


@pytest.mark.parametrize(("rule", "flags", "problem"), BAD_RULES)
def test_a_rule_that_breaks_a_promise_is_named(rule: Rule, flags: dict[str, Any], problem: str) -> None:
    broken = type("Broken", (Fine,), {"rule": rule, **flags})
    with pytest.raises(NonconformingError, match=problem):
        check(broken())


def test_captions_that_sales_do_not_tell_apart_may_be_equals() -> None:
    check(Equal())


def test_a_policy_that_conforms_passes() -> None:
    check(Fine())
    check(Logarithm())
    check(Unit())
    check(Pooled())


@dataclass(frozen=True, kw_only=True)
class Undocumented(Fine):
    width: float = 1.0
    kind: ClassVar[str] = "Not A Kind"
    source: ClassVar[str] = " "


@dataclass(frozen=True, kw_only=True)
class Unchecked(Fine):
    """Takes whatever it is given."""

    def __post_init__(self) -> None:
        pass

    def parameters(self) -> tuple[float, ...]:
        return (1,)


def test_a_careless_declaration_is_named_in_all_its_points() -> None:
    with pytest.raises(NonconformingError) as caught:
        check(Undocumented())
    for problem in ("kind must be", "source must", "docstring", "parameter width is not documented"):
        assert problem in str(caught.value)


def test_unchecked_ranges_and_whole_numbers_for_floats_are_named() -> None:
    with pytest.raises(NonconformingError, match=r"(?s)finite floats.*outside its range"):
        check(Unchecked())


def _compiles_to_something_else(template: Any, label: str, **roles: Any) -> Any:
    def run(*arguments: Any) -> Any:
        return np.zeros((len(arguments[1]), 4))

    return run


def test_a_compiled_rule_that_differs_is_named() -> None:
    with pytest.raises(NonconformingError, match="compiled and plain results differ"):
        check("ucb1", _compiles_to_something_else)


def _negative_log(n: float, s: float, ipw_successes: float, true_mean: float, params: Any) -> tuple[float, float]:
    return float(np.log(s)), 0.0


def _fails(n: float, s: float, ipw_successes: float, true_mean: float, params: Any) -> tuple[float, float]:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (
            replace(FINE, summarise=_negative_log),
            "the score is −inf, for example of an arm with 0 successes in 0 trials",
        ),
        (replace(FINE, score=_lowest), "the score is −inf, for example of an arm with 0 successes in 0 trials"),
        (replace(FINE, summarise=_fails), ""),
        (FINE, ""),
    ],
)
def test_minus_infinity_is_found_before_a_run(rule: Rule, problem: str) -> None:
    assert lowest_score(type("Own", (Fine,), {"rule": rule})()) == problem


def test_a_scenario_with_a_rule_that_scores_minus_infinity_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = type("Stranger", (Fine,), {"rule": replace(FINE, score=_lowest)})()
    monkeypatch.setattr("sim.scenario.policies.PolicySpec.build", lambda spec: stranger)
    world = {"kind": "bernoulli", "means": [0.1, 0.2]}
    with pytest.raises(ScenarioError, match=r"policies\.0: the score is −inf"):
        load({"name": "x", "replications": 1, "horizon": {"pulls": 1}, "world": world, "policies": ["greedy"]})
