"""Probabilities of being sent: closed forms, exact fractions, SciPy's adaptive quadrature, and 10 million draws."""

from fractions import Fraction
from itertools import combinations, pairwise
from math import factorial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import twins.winning
from policies.base import Pair, Params, Vector
from policies.maths.laws import beta_law, uniform_law
from policies.maths.wilson import wilson_bounds
from policies.registry import build, kinds
from sim.errors import InputError
from sim.kernels import specialise
from sim.worlds.base import Floats
from sim.worlds.selection import inclusion
from sim.worlds.selection.entries import Arms
from sim.worlds.selection.propensities import has_propensities, propensities
from sim.worlds.selection.room import MANY, new_room


def uniform_distribution(a: float, b: float, state: Vector, params: Params, x: float) -> Pair:
    return uniform_law(a, b, x)


def range_of(a: float, b: float, state: Vector, params: Params) -> Pair:
    return a, b


def beta_distribution(a: float, b: float, state: Vector, params: Params, x: float) -> Pair:
    return beta_law(a, b, x)


def unit(a: float, b: float, state: Vector, params: Params) -> Pair:
    return 0.0, 1.0


def powers(a: float, b: float, state: Vector, params: Params) -> Pair:
    return a - 1.0, b - 1.0


LAWS = {
    "uniform": {"distribution": uniform_distribution, "support": range_of, "EXPONENTS": False},
    "beta": {"distribution": beta_distribution, "support": unit, "EXPONENTS": True},
    "beta_at_each_node": {"distribution": beta_distribution, "support": unit, "EXPONENTS": False},
}


def included(
    law: str,
    a: Floats,
    b: Floats,
    k: int = 1,
    copies: Floats | None = None,
    shift: Any = (),
    scale: float = 1.0,
    accuracy: float = 1e-12,
) -> Floats:
    kernel = specialise(inclusion.include, f"test_{law}", exponents=powers, **LAWS[law])
    copies = np.ones(len(a)) if copies is None else copies
    arms, out = Arms(a, b, copies, np.array(shift, float), scale), np.empty(len(a))
    error = kernel(k, arms, (), np.zeros(0), new_room(len(a), k), out)
    has_pole = law != "uniform" and min(a.min(), b.min()) < 1.0
    assert error < (1e-7 if has_pole else accuracy)
    assert copies @ out == pytest.approx(min(k, copies.sum()), abs=1e-12)
    return out


def uniform_wins(low: Floats, high: Floats) -> Floats:
    return included("uniform", low, high)


def beta_wins(a: Floats, b: Floats) -> Floats:
    return included("beta", a, b)


@pytest.mark.slow
def test_equal_arms_win_equally() -> None:
    assert uniform_wins(np.zeros(7), np.ones(7)) == pytest.approx(np.full(7, 1 / 7), abs=1e-15)
    assert beta_wins(np.full(9, 3.0), np.full(9, 5.0)) == pytest.approx(np.full(9, 1 / 9), abs=1e-14)


def test_two_overlapping_uniforms_by_hand() -> None:
    # [0, 2] against [1, 3]: the first wins if both lie in [1, 2] (1/4) and it is the larger (1/2).
    assert uniform_wins(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == pytest.approx([1 / 8, 7 / 8], abs=1e-15)


def test_a_range_below_another_never_wins() -> None:
    wins = uniform_wins(np.array([0.0, 0.5, 0.6]), np.array([0.5, 0.9, 1.0]))
    assert wins[0] == 0.0
    assert wins.sum() == pytest.approx(1.0, abs=1e-15)


def polynomial(low: Fraction, high: Fraction) -> list[Fraction]:
    """Coefficients of (x − low) / (high − low), constant first."""
    return [-low / (high - low), 1 / (high - low)]


def exact(limits: list[tuple[Fraction, Fraction]]) -> list[float]:
    """P(win) of uniforms as exact fractions, by products of polynomials between upper limits."""
    floor = max(low for low, _ in limits)
    edges = sorted({floor, *(high for _, high in limits if high > floor)})
    wins = [Fraction(0)] * len(limits)
    for start, end in pairwise(edges):
        for i, (low, high) in enumerate(limits):
            if high < end:
                continue
            product = [1 / (high - low)]
            for j, other in enumerate(limits):
                if j != i and other[1] >= end:
                    factor = polynomial(*other)
                    raised = [Fraction(0)] * (len(product) + 1)
                    for power, coefficient in enumerate(product):
                        raised[power] += coefficient * factor[0]
                        raised[power + 1] += coefficient * factor[1]
                    product = raised
            wins[i] += sum(
                (c * (end ** (p + 1) - start ** (p + 1)) / (p + 1) for p, c in enumerate(product)), Fraction(0)
            )
    return [float(win) for win in wins]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)), min_size=1, max_size=7))
def test_uniforms_agree_with_exact_fractions(ranges: list[tuple[int, int]]) -> None:
    limits = [(Fraction(low, 40), Fraction(low + width, 40)) for low, width in ranges]
    low, high = (np.array([float(limit[side]) for limit in limits]) for side in (0, 1))
    assert uniform_wins(low, high) == pytest.approx(exact(limits), abs=1e-12)


def test_hundreds_of_arms_by_a_closed_form() -> None:
    """One arm on [0, 1 + d] against n on [0, 1]: it loses only if it is below their largest."""
    n, d = 500, 0.01
    wins = uniform_wins(np.zeros(n + 1), np.array([1.0 + d, *[1.0] * n]))
    assert wins[0] == pytest.approx((d + 1 / (n + 1)) / (1 + d), abs=1e-12)
    assert wins[1:] == pytest.approx(np.full(n, (1 - wins[0]) / n), abs=1e-13)


def wilson(successes: list[int], failures: list[int]) -> tuple[np.ndarray, np.ndarray]:
    low, high = wilson_bounds(np.array(successes), np.array(failures))
    return low, high


def test_the_deployed_rule_against_ten_million_draws() -> None:
    """Shares of 10,000,000 draws (NumPy, seed 1); 5 standard errors are below 8e-4."""
    low, high = wilson([1, 3, 50, 20, 7], [1, 9, 60, 15, 40])
    drawn = [0.4093, 0.0191, 0.0792, 0.4924, 0.0]
    assert uniform_wins(low, high) == pytest.approx(drawn, abs=8e-4)


@pytest.mark.long
def test_the_recorded_shares_are_those_of_draws() -> None:
    low, high = wilson([1, 3, 50, 20, 7], [1, 9, 60, 15, 40])
    generator, wins = np.random.default_rng(1), np.zeros(5)
    for _ in range(100):
        best = generator.uniform(low, high, (100_000, 5)).argmax(axis=1)
        wins += np.bincount(best, minlength=5)
    assert uniform_wins(low, high) == pytest.approx(wins / 1e7, abs=8e-4)


def test_two_betas_with_whole_parameters_by_a_finite_sum() -> None:
    """P(Beta(a, b) > Beta(c, d)) as a sum (Evan Miller 2015), here with factorials."""

    def above(a: int, b: int, c: int, d: int) -> float:
        def beta(x: int, y: int) -> Fraction:
            return Fraction(factorial(x - 1) * factorial(y - 1), factorial(x + y - 1))

        return float(sum(beta(c + i, b + d) / ((b + i) * beta(1 + i, b) * beta(c, d)) for i in range(a))) if a else 0.0

    for a, b, c, d in [(2, 3, 1, 1), (5, 1, 2, 7), (4, 9, 3, 8)]:
        first = beta_wins(np.array([a, c], float), np.array([b, d], float))[0]
        integral, _ = integrate.quad(
            lambda x, a=a, b=b, c=c, d=d: stats.beta.pdf(x, a, b) * stats.beta.cdf(x, c, d), 0, 1, epsabs=1e-13
        )
        assert first == pytest.approx(integral, abs=1e-10)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.floats(1.0, 60.0), st.floats(1.0, 60.0)), min_size=2, max_size=5),
)
def test_betas_agree_with_adaptive_quadrature(parameters: list[tuple[float, float]]) -> None:
    a, b = (np.array(column) for column in zip(*parameters, strict=True))
    wins = beta_wins(a, b)

    def integrand(x: float) -> float:
        rest = np.prod(stats.beta.cdf(x, a[1:], b[1:]))
        return float(stats.beta.pdf(x, a[0], b[0]) * rest)

    points = sorted(float(p / (p + q)) for p, q in parameters)
    expected, error = integrate.quad(integrand, 0.0, 1.0, limit=400, points=points, epsabs=1e-11)
    assert wins[0] == pytest.approx(expected, abs=max(1e-8, 10 * error))
    assert wins.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("scale", [1.0, 1e2, 1e4, 1e6])
def test_sharp_betas_next_to_flat_ones(scale: float) -> None:
    wins = beta_wins(np.array([scale, 1.0, scale]), np.array([scale, 1.0, scale]))
    assert wins[0] == pytest.approx(wins[2], rel=1e-12)
    # The flat one wins where it is above the larger of two draws near a half.
    largest = integrate.quad(lambda u: stats.beta.ppf(u**0.5, scale, scale), 0.0, 1.0, limit=400, epsabs=1e-12)[0]
    assert wins[1] == pytest.approx(1.0 - largest, abs=1e-7)


REFERENCES = [
    ([(2, 5), (3, 9), (1, 1)], [0.207983193277310924, 0.14023109243697479, 0.651785714285714286]),
    (
        [(31, 61), (12, 20), (4, 4), (200, 420)],
        [0.0710727878669925941, 0.206148070642620288, 0.701298561120658731, 0.0214805803697283869],
    ),
    ([(1.5, 2.5), (7.25, 30), (2, 40)], [0.754990104802218686, 0.242869286588037182, 0.00214060860974413197]),
]


@pytest.mark.parametrize(("parameters", "expected"), REFERENCES)
def test_betas_agree_with_references_of_30_digits(parameters: list[tuple[float, float]], expected: list[float]) -> None:
    """By mpmath 1.3: tanh-sinh quadrature with 40 digits of density × incomplete Beta functions."""
    a, b = (np.array(column, float) for column in zip(*parameters, strict=True))
    assert beta_wins(a, b) == pytest.approx(expected, abs=1e-14)


def test_nodes_integrate_polynomials_from_each_node_on() -> None:
    nodes = new_room(1, 1).panel.many
    for degree in (0, 1, 7, MANY - 1):
        exact = (1.0 - nodes.places ** (degree + 1)) / (degree + 1)
        assert nodes.places**degree @ nodes.above == pytest.approx(exact, abs=1e-14)


def test_a_thousand_captions_add_up() -> None:
    generator = np.random.default_rng(3)
    n = generator.integers(0, 12, 1_000)
    s = generator.binomial(n, 0.3)
    low, high = wilson_bounds(s + 1, n - s + 1)
    for wins in (uniform_wins(low, high), beta_wins(s + 1.0, n - s + 1.0)):
        assert wins.sum() == pytest.approx(1.0, abs=1e-12)
        assert (wins >= 0.0).all()


def test_a_plain_quadrature_of_another_kind_agrees() -> None:
    generator = np.random.default_rng(4)
    for arms in (2, 9, 60):
        n = generator.integers(0, 200, arms)
        s = generator.binomial(n, generator.beta(3, 4, arms))
        low, high = wilson_bounds(s + 1, n - s + 1)
        assert uniform_wins(low, high) == pytest.approx(twins.winning.uniform_wins(low, high), abs=1e-12)
        assert beta_wins(s + 1.0, n - s + 1.0) == pytest.approx(
            twins.winning.beta_wins(s + 1.0, n - s + 1.0), abs=1e-11
        )


# The k largest.


def brute_force(a: Floats, b: Floats, k: int) -> list[float]:
    """∫ f_i · P(fewer than k of the others exceed x) of Beta draws: a sum over all sets of others, by SciPy."""

    def integrand(x: float, i: int) -> float:
        exceeds = stats.beta.sf(x, a, b)
        others = [j for j in range(len(a)) if j != i]
        chance = 0.0
        for size in range(k):
            for chosen in combinations(others, size):
                chance += np.prod([exceeds[j] if j in chosen else 1.0 - exceeds[j] for j in others])
        return float(stats.beta.pdf(x, a[i], b[i]) * chance)

    return [integrate.quad(integrand, 0.0, 1.0, args=(i,), epsabs=1e-12, limit=200)[0] for i in range(len(a))]


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_k_largest_of_five(k: int) -> None:
    a, b = np.array([1.0, 4.0, 2.0, 9.0, 3.0]), np.array([1.0, 5.0, 2.0, 6.0, 8.0])
    assert included("beta", a, b, k) == pytest.approx(brute_force(a, b, k), abs=1e-10)


def test_all_but_one_is_who_is_not_the_smallest() -> None:
    """1 − U is uniform, too, so the smallest of some is the largest of their mirror images."""
    low, high = np.array([0.0, 0.1, 0.3, 0.2]), np.array([1.0, 0.6, 0.9, 0.5])
    assert included("uniform", low, high, 3) == pytest.approx(1.0 - uniform_wins(1.0 - high, 1.0 - low), abs=1e-12)


@pytest.mark.parametrize("k", [1, 3])
def test_copies_are_arms_of_their_own(k: int) -> None:
    a, b, copies = np.array([1.0, 4.0, 3.0]), np.array([1.0, 3.0, 5.0]), np.array([40.0, 1.0, 2.0])
    times = copies.astype(int)
    apart = included("beta", np.repeat(a, times), np.repeat(b, times), k)
    assert np.repeat(included("beta", a, b, k, copies), times) == pytest.approx(apart, abs=1e-12)


def test_a_bonus_shifts_a_score() -> None:
    low, width = np.array([0.0, 0.2, 0.1]), np.array([0.5, 0.4, 0.9])
    shift = np.array([0.1, -0.05, 0.0])
    moved = uniform_wins(0.7 * low + shift, 0.7 * (low + width) + shift)
    assert included("uniform", low, low + width, shift=shift, scale=0.7) == pytest.approx(moved, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 2])
def test_exponents_and_laws_at_each_node_agree(k: int) -> None:
    """Also where a bonus moves each score, and some supports lie above or below a panel."""
    generator = np.random.default_rng(8)
    for scale, sigma in ((1.0, 0.0), (0.6, 0.1), (0.2, 0.4)):
        n = generator.integers(0, 300, 40)
        a = 1.0 + generator.binomial(n, generator.beta(3, 4, 40))
        b, copies, shift = 2.0 + n - a, generator.integers(1, 4, 40).astype(float), sigma * generator.uniform(size=40)
        one, other = (included(law, a, b, k, copies, shift, scale) for law in ("beta", "beta_at_each_node"))
        assert one == pytest.approx(other, abs=1e-13)


def test_as_many_places_as_arms_leave_nobody_out() -> None:
    assert included("beta", np.array([1.0, 9.0]), np.array([1.0, 2.0]), 3).tolist() == [1.0, 1.0]


def test_a_pole_of_a_density_costs_digits_only() -> None:
    """Two arcsine draws and one flat: by symmetry x -> 1 − x, the pair's shares follow from that of the flat one."""
    wins = beta_wins(np.array([0.5, 0.5, 1.0]), np.array([0.5, 0.5, 1.0]))
    flat = integrate.quad(lambda x: stats.beta.cdf(x, 0.5, 0.5) ** 2, 0.0, 1.0, epsabs=1e-12)[0]
    assert wins == pytest.approx([(1 - flat) / 2, (1 - flat) / 2, flat], abs=1e-7)


# Whole policies.

TRIALS, SUCCESSES = np.array([0, 12, 40, 12, 7]), np.array([0, 6, 18, 6, 1])


def draw(policy: Any, k: int, draws: int) -> Floats:
    """How often each arm is among the k largest scores, by the rule itself."""
    rule, params, generator = policy.rule, policy.parameters(), np.random.default_rng(5)
    n, s = TRIALS.astype(float), SUCCESSES.astype(float)
    a, b = np.array([rule.summarise(n[i], s[i], s[i], 0.1 * i, params) for i in range(len(n))]).T
    hits, state = np.zeros(len(n)), np.zeros(policy.state_size)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        for key in generator.integers(0, 2**64, draws, np.uint64):
            rule.prepare(n.sum(), n, a, b, params, state, key)
            keys = generator.integers(0, 2**64, len(n), np.uint64)
            scores = [rule.score(a[i], b[i], state, params, keys[i]) for i in range(len(n))]
            hits[np.lexsort((generator.uniform(size=len(n)), scores))[-k:]] += 1.0
    return hits / draws


SHORT = ["wilson_sample", "thompson_empirical_bayes", "epsilon_greedy", "uniform", "greedy", "boltzmann", "exp3"]
KNOWN = [kind for kind in kinds() if has_propensities(build(kind))]


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize("kind", [*SHORT, *(pytest.param(x, marks=pytest.mark.long) for x in KNOWN if x not in SHORT)])
@pytest.mark.slow
def test_every_policy_with_a_known_form_draws_as_it_says(kind: str, k: int) -> None:
    """1,000 draws: a share beyond 5.5 standard errors has a probability below 1e-7, in all of about 300 below 1e-4."""
    policy = build(kind)
    if not has_propensities(policy, k):
        with pytest.raises(InputError, match="several arms"):
            propensities(policy, TRIALS, SUCCESSES, k=k)
        return
    chance = propensities(policy, TRIALS, SUCCESSES, k=k, ipw_successes=SUCCESSES, true_means=0.1 * np.arange(5))
    assert chance.sum() == pytest.approx(k, abs=1e-12)
    drawn = draw(policy, k, 1_000)
    noise = np.sqrt(chance * (1.0 - chance) / 1_000)
    assert (np.abs(drawn - chance) <= 5.5 * noise + 1e-9).all()
    if np.ptp(chance) > 0.2:
        assert not (np.abs(np.roll(drawn, 1) - chance) <= 5.5 * noise + 1e-9).all()


def test_a_policy_without_a_known_form_is_refused() -> None:
    with pytest.raises(InputError, match=r"top_two_thompson.*closed form"):
        propensities(build("top_two_thompson"), TRIALS, SUCCESSES)
    with pytest.raises(InputError, match="at least 1"):
        propensities(build("uniform"), TRIALS, SUCCESSES, k=0)


def test_an_interval_without_width_is_a_point() -> None:
    assert propensities(build("wilson_sample", {"z": 0}), [4, 4, 9], [3, 3, 1]).tolist() == [0.5, 0.5, 0.0]


@pytest.mark.slow
def test_equal_counts_are_one_term() -> None:
    generator = np.random.default_rng(3)
    n = generator.integers(0, 12, 1_000)
    s = generator.binomial(n, 0.3)
    for kind in ("wilson_sample", "thompson_beta"):
        chance = propensities(build(kind), n, s)
        assert len(np.unique(chance)) <= len({*zip(n.tolist(), s.tolist(), strict=True)})


def test_work_grows_with_distinct_counts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand captions of one of 66 counts cost as many evaluations of a law as 66 captions do."""
    sizes: list[int] = []

    def noted(entries: int, k: int) -> Any:
        sizes.append(entries)
        return new_room(entries, k)

    monkeypatch.setattr("sim.worlds.selection.propensities.new_room", noted)
    n, s = (each.ravel() for each in np.meshgrid(np.arange(11), np.arange(11), indexing="ij"))
    few = s <= n
    propensities(build("wilson_sample"), np.repeat(n[few], 15), np.repeat(s[few], 15))
    assert sizes == [66]


def counted_distribution(a: float, b: float, state: Vector, params: Params, x: float) -> Pair:
    state[0] += 1.0
    return uniform_law(a, b, x)


@pytest.mark.slow
def test_evaluations_per_caption_do_not_explode() -> None:
    """Work for 1,000 captions, all different, in evaluations of the law: below 2,000 per caption."""
    laws = {"distribution": counted_distribution, "support": range_of, "exponents": powers}
    kernel = specialise(inclusion.include, "counted", **laws, EXPONENTS=False)
    generator = np.random.default_rng(6)
    n = generator.uniform(1.0, 60.0, 1_000)
    low, high = wilson_bounds(1 + n * generator.beta(3, 4, 1_000), 1 + n * generator.beta(4, 3, 1_000))
    calls, out = np.zeros(1), np.empty(1_000)
    kernel(1, Arms(low, high, np.ones(1_000), np.zeros(0), 1.0), (), calls, new_room(1_000, 1), out)
    assert calls[0] < 1_000 * 1_000


def counted_beta(a: float, b: float, state: Vector, params: Params, x: float) -> Pair:
    state[0] += 1.0
    return beta_law(a, b, x)


COUNTS = {"cold": (0, 60), "warm": (200, 5_000), "hot": (900_000, 1_100_000)}


@pytest.mark.slow
def test_a_beta_law_is_evaluated_at_the_ends_of_panels_only() -> None:
    """1,000 captions, all different: below 60 evaluations per caption; at each node there are 200."""
    laws = {"distribution": counted_beta, "support": unit, "exponents": powers}
    kernel = specialise(inclusion.include, "counted", **laws, EXPONENTS=True)
    generator = np.random.default_rng(6)
    for least, most in COUNTS.values():
        n = generator.uniform(least, most, 1_000)
        p = generator.beta(3, 4, 1_000)
        calls, out = np.zeros(1), np.empty(1_000)
        arms = Arms(1 + n * p, 1 + n - n * p, np.ones(1_000), np.zeros(0), 1.0)
        error = kernel(1, arms, (), calls, new_room(1_000, 1), out)
        assert error < 1e-12
        assert calls[0] < 60 * 1_000


@pytest.mark.slow
def test_rounding_errors_do_not_end_in_endless_halving() -> None:
    """Two captions with a billion trials each: the law has fewer digits than a panel is asked for."""
    a = 1e9 * np.array([0.3, 0.30001])
    wins = included("beta", a, 1e9 - a, accuracy=1e-10)
    assert wins[1] == pytest.approx(stats.norm.cdf(1e-5 / np.sqrt(2 * 0.21 / 1e9)), abs=1e-4)
