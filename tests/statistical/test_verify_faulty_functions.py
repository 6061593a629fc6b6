"""Seeded faulty functions: each is caught, at the default sizes, by the check meant for it, and named where known.

False-alarm rate of a verification of right functions: 1e-4, stated by `FALSE_ALARM`, and tested below on the judge.
"""

import duckdb
import numpy as np
import pytest
from scipy.stats import binom

from sim.warehouse.base import TargetSpec
from sim.warehouse.deploy import carry_out, plan
from sim.warehouse.targets import open_target
from sim.warehouse.verify import FALSE_ALARM, Options, check_functions
from sim.warehouse.verify.sampler import CELLS, TESTS, Classes, cells_of, judge

N = "(CAST(s AS DOUBLE) + f)"
P = f"(s / {N})"
NORMAL = "sqrt(-2e0 * ln(1e0 - random())) * cos(2e0 * pi() * random())"


def interval(z="1.96e0", sign="-", empty="0e0", n=N, p=P):
    centre = f"({p} + {z} * {z} / (2e0 * {n})) / (1e0 + {z} * {z} / {n})"
    half = f"{z} * sqrt({p} * (1e0 - {p}) / {n} + {z} * {z} / (4e0 * {n} * {n})) / (1e0 + {z} * {z} / {n})"
    return f"CASE WHEN s + f = 0 THEN {empty} ELSE {centre} {sign} {half} END"


def bounds(z="1.96e0", bonus=f"1e0 / sqrt({N} + 1e0)", cast="{}", **parts):
    lower, upper = interval(z, "-", "0e0", **parts), interval(z, "+", "1e0", **parts)
    return (
        f"{{'lower_bound': {cast.format(lower)}, 'upper_bound': {cast.format(upper)},"
        f" 'exploration_bonus': {cast.format(bonus)}}}"
    )


def sample(draw="random()", low=None, high=None, clamp=True, cast="{}"):
    low, high = low or interval(sign="-", empty="0e0"), high or interval(sign="+", empty="1e0")
    value = f"{low} + ({high} - {low}) * {draw}"
    guarded = f"least(1e0, greatest(0e0, {value}))" if clamp else value
    return f"CASE WHEN s IS NULL OR f IS NULL THEN NULL ELSE {cast.format(guarded)} END"


SWAPPED = {"p": f"(f / {N})"}
# Beta(s + 1, f + 1): the (s + 1)-th smallest of s + f + 1 uniforms; for many, its normal approximation.
UNIFORMS = "list_transform(range(CAST(s + f AS BIGINT) + 1), lambda i: random() + 0 * i)"
BETA_SPREAD = f"sqrt((s + 1e0) * (f + 1e0) / (({N} + 2e0) * ({N} + 2e0) * ({N} + 3e0)))"
BETA = (
    f"CASE WHEN s + f <= 200 THEN list_sort({UNIFORMS})[CAST(s AS BIGINT) + 1]"
    f" ELSE (s + 1e0) / ({N} + 2e0) + {BETA_SPREAD} * {NORMAL} END"
)
TRIANGLE = "(random() + random()) / 2e0"

FAULTY_BOUNDS = {
    "wrong z": (bounds("1.959963984540054e0"), "bounds_grid", "z = 1.959964"),
    "z of 90 %": (bounds("1.645e0"), "bounds_pairs", "z = 1.645"),
    "swapped arguments": (bounds(**SWAPPED), "bounds_reference_rows", "swapped"),
    "float32": (bounds(cast="CAST(CAST({} AS FLOAT) AS DOUBLE)"), "bounds_grid", "FLOAT32"),
    "bonus without + 1": (bounds(bonus=f"1e0 / sqrt({N})"), "bounds_grid", "without + 1"),
    "rounded": (bounds(cast="round({}, 6)"), "bounds_grid", "6 decimals"),
    "Wald": (
        f"{{'lower_bound': {P} - 1.96e0 * sqrt({P} * (1e0 - {P}) / {N}), 'upper_bound': {P} + 1.96e0 *"
        f" sqrt({P} * (1e0 - {P}) / {N}), 'exploration_bonus': 1e0 / sqrt({N} + 1e0)}}",
        "bounds_monotone",
        "",
    ),
    "NULL taken for 0": (
        bounds().replace("s ", "coalesce(s, 0) ").replace("+ f)", "+ coalesce(f, 0))"),
        "bounds_nulls",
        "",
    ),
}
FAULTY_SAMPLES = {
    "wrong z": (sample(low=interval("2.576e0"), high=interval("2.576e0", "+", "1e0")), "sample_inside", ""),
    "slightly wrong z": (sample(low=interval("1.9e0"), high=interval("1.9e0", "+", "1e0")), "sample_uniform", ""),
    "Beta in place of uniform": (BETA, "sample_uniform", "Beta(successes + 1, failures + 1)"),
    "two draws averaged": (sample(TRIANGLE), "sample_uniform", ""),
    "one draw shared by subquery": (sample("(SELECT random())"), "sample_distinct_rows", "one draw shared"),
    "one draw, a constant": (sample("0.5e0"), "sample_distinct_constant", "one draw shared"),
    "no clamp": (sample(clamp=False), "sample_clamped", ""),
    "z off by 1e-4": (
        sample(low=interval("1.9601e0"), high=interval("1.9601e0", "+", "1e0")),
        "sample_inside",
        "1.960",
    ),
    "a power of 1.02": (sample("pow(random(), 1.02e0)"), "sample_shape", "to the power of 1.0"),
    "24-bit numbers": (
        sample("floor(random() * 16777216e0) / 16777216e0"),
        "sample_distinct_constant",
        "",
    ),
    "swapped arguments": (
        sample(low=interval(**SWAPPED), high=interval(sign="+", empty="1e0", **SWAPPED)),
        "sample_inside",
        "swapped",
    ),
    "normal variant": (
        f"least(1e0, greatest(0e0, {P} + 0.2e0 * sqrt({P} * (1e0 - {P}) / ({N} + 1e0)) * {NORMAL}))",
        "sample_uniform",
        "the normal variant",
    ),
    "float32": (sample(cast="CAST(CAST({} AS FLOAT) AS DOUBLE)"), "sample_resolution", ""),
    "half the interval": (sample("random() / 2e0"), "sample_mean", ""),
    "uniform on [0, 1]": ("random()", "sample_inside", "uniform draw on [0, 1]"),
    "the midpoint for NULL": (f"coalesce({sample()}, 0.5e0)", "sample_nulls", ""),
}


@pytest.fixture
def replaced(tmp_path):
    """Verify a DuckDB file in which one function was silently replaced."""

    def verified(function, body):
        file = tmp_path / "replaced.duckdb"
        with open_target(TargetSpec("duckdb", str(file))) as target:
            carry_out(target, plan(target))
        with duckdb.connect(str(file)) as connection:
            connection.execute(f"CREATE OR REPLACE MACRO {function}(s, f) AS ({body})")
        with open_target(TargetSpec("duckdb", str(file)), read_only=True) as target:
            return {one.name: one for one in check_functions(target, Options())}

    return verified


@pytest.mark.parametrize("mistake", FAULTY_BOUNDS)
def test_a_faulty_bounds_function_is_caught_and_named(replaced, mistake):
    body, check, name = FAULTY_BOUNDS[mistake]
    results = replaced("wilson_score_bounds", body)
    assert results[check].status == "fail"
    assert results["identity_bounds"].status == "fail"
    assert name in results["identity_bounds"].detail
    assert results["identity_sample"].status == "pass"


@pytest.mark.parametrize("mistake", FAULTY_SAMPLES)
def test_a_faulty_sampler_is_caught_and_named(replaced, mistake):
    body, check, name = FAULTY_SAMPLES[mistake]
    results = replaced("wilson_sample", body)
    assert results[check].status == "fail"
    assert results["identity_sample"].status == "fail"
    assert name in results["identity_sample"].detail
    assert results["identity_bounds"].status == "pass"


def test_other_text_that_behaves_alike_is_a_warning(replaced):
    results = replaced("wilson_sample", sample())
    assert results["identity_sample"].status == "warn"
    assert {one.status for check, one in results.items() if check != "identity_sample"} == {"pass"}


def right_draws(random, draws=1000):
    lower, upper = np.array([(cell.lower, cell.upper) for cell in cells_of(np.zeros((1, len(CELLS))))]).T
    return cells_of(lower + (upper - lower) * random.random((draws, len(CELLS))))


def right_classes(random, draws=40_000, classes=400):
    """What probes/sample_counts gives of right draws: sums of uniforms over classes."""
    u, at = random.random(draws), np.arange(draws) % classes
    sums = [np.bincount(at, values) for values in (u - 0.5, (u - 0.5) ** 2, np.log(u), np.log(1 - u))]
    least, most = np.ones(classes), np.zeros(classes)
    np.minimum.at(least, at, u)
    np.maximum.at(most, at, u)
    none = np.zeros(classes)
    return Classes(none, none, np.bincount(at).astype(float), none, none, *sums, least, most)


def test_the_false_alarm_rate_is_the_one_stated():
    """At a family rate of 0.2 the judge rejects right draws at most as often: binomial limits of probability 1e-5."""
    random, runs, rate = np.random.default_rng(11), 400, 0.2
    alarms = sum(
        any(one.status == "fail" for one in judge(right_draws(random), right_classes(random), rate))
        for _ in range(runs)
    )
    assert alarms <= binom.isf(1e-5, runs, rate)
    assert alarms >= binom.isf(1 - 1e-5, runs, rate / 4)  # Bonferroni loses little


def test_the_default_rate_is_one_in_ten_thousand():
    assert FALSE_ALARM == 1e-4
    assert 2 * len(CELLS) + 8 == TESTS
    random = np.random.default_rng(5)
    assert all(one.status == "pass" for _ in range(50) for one in judge(right_draws(random), right_classes(random)))
