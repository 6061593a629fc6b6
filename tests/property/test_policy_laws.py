"""Laws that hold for any statistics: bounds, monotony, and no dependence on the order of the arms."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.conformance import Statistics, decide
from policies.maths.divergence import kl_reach, kl_upper
from policies.maths.incomplete_beta import beta_upper_quantile
from policies.maths.wilson import wilson_bounds
from policies.registry import build, kinds

# explore_then_commit ranks by its state, oracle by the truth, and uniform by nothing.
BY_COUNTS = ["greedy", "ucb1", "ucb_tuned", "kl_ucb", "moss", "bayes_ucb", "discounted_ucb", "sliding_window_ucb"]
BY_COUNTS += ["wilson_upper", "wilson_lower"]
KEYS = st.integers(0, 2**64 - 1).map(np.uint64)
COUNTS = st.tuples(st.integers(0, 10**9), st.integers(0, 10**9))
FEW = settings(max_examples=60, deadline=None)


def row(counts: list[tuple[int, int]], t: float | None = None) -> Statistics:
    """Arms of (successes, failures)."""
    s, f = np.array(counts, dtype=np.float64).T
    return Statistics(float((s + f).sum()) if t is None else t, s + f, s.copy(), s.copy(), np.full(len(s), 0.5))


@pytest.mark.parametrize("kind", kinds())
@given(counts=st.lists(COUNTS, min_size=1, max_size=6), key=KEYS)
@FEW
def test_scores_are_numbers_within_their_support(kind: str, counts: list[tuple[int, int]], key: Any) -> None:
    scores, low, high, weights = decide(build(kind), row(counts), key).out.T
    assert ((low <= scores) & (scores <= high)).all()
    assert (scores > -np.inf).all()
    assert (weights >= 1.0).all()


@pytest.mark.parametrize("kind", BY_COUNTS)
@given(successes=st.integers(0, 10**6 - 1), failures=st.integers(1, 10**6), key=KEYS)
@FEW
def test_a_success_in_place_of_a_failure_never_lowers_an_index(
    kind: str, successes: int, failures: int, key: Any
) -> None:
    both = row([(successes, failures), (successes + 1, failures - 1)])
    worse, better = decide(build(kind), both, key).out[:, 0]
    assert better >= worse - 1e-12


@pytest.mark.parametrize("kind", BY_COUNTS)
@given(counts=st.lists(COUNTS, min_size=2, max_size=6), key=KEYS, seed=st.integers(0, 99))
@FEW
def test_the_order_of_the_arms_does_not_matter(kind: str, counts: list[tuple[int, int]], key: Any, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(counts))
    straight = decide(build(kind), row(counts), key).out[:, 0]
    shuffled = decide(build(kind), row([counts[i] for i in order]), key).out[:, 0]
    np.testing.assert_allclose(shuffled, straight[order], rtol=1e-12)


@given(p=st.floats(0.0, 1.0), budget=st.floats(0.0, 50.0), more=st.floats(0.0, 5.0))
@settings(max_examples=300, deadline=None)
def test_kl_upper_grows_with_the_budget_and_stays_below_its_reach(p: float, budget: float, more: float) -> None:
    low, high = kl_upper(p, budget), kl_upper(p, budget + more)
    assert p <= low <= min(1.0, high + 1e-13)
    assert low <= kl_reach(p, budget)


@example(a=1.0, b=778844772.75, tail=0.9999999999999999, factor=0.9999999999999999)  # the quantile underflows
@given(a=st.floats(0.01, 1e9), b=st.floats(0.01, 1e9), tail=st.floats(1e-15, 1.0), factor=st.floats(0.0, 1.0))
@settings(max_examples=200, deadline=None)
@pytest.mark.slow
def test_quantiles_fall_as_the_tail_grows(a: float, b: float, tail: float, factor: float) -> None:
    high, low = beta_upper_quantile(a, b, tail * factor), beta_upper_quantile(a, b, tail)
    assert 0.0 <= low <= high + 1e-12 <= 1.0 + 1e-12


@given(counts=COUNTS)
@settings(max_examples=300, deadline=None)
def test_wilson_bounds_enclose_the_rate_and_mirror(counts: tuple[int, int]) -> None:
    s, f = counts
    lower, upper = (float(bound) for bound in wilson_bounds(s, f))
    assert lower - 1e-12 <= s / max(s + f, 1) <= upper + 1e-12
    assert lower == pytest.approx(1.0 - float(wilson_bounds(f, s)[1]), abs=1e-12)
