"""Faulty bounds functions: each fails a check of the bounds; frequent mistakes are named."""

import pytest

from sim.warehouse.verify import Options
from sim.warehouse.verify.running import check_bounds_function
from verify.functions import BONUS, HIGH, LOW, N, P, bounds, fields, interval

pytestmark = pytest.mark.slow

WALD = f"1.96e0 * sqrt({P} * (1e0 - {P}) / {N})"
COULL_N, COULL_P = f"({N} + 3.8416e0)", f"((s + 1.9208e0) / ({N} + 3.8416e0))"
COULL = f"1.96e0 * sqrt({COULL_P} * (1e0 - {COULL_P}) / {COULL_N})"


def where(condition, lower=None, upper=None, bonus=None):
    """The right function, with other values where a condition holds."""

    def mixed(other, right):
        return f"CASE WHEN {condition} THEN {other} ELSE {right} END" if other else right

    return fields(mixed(lower, LOW), mixed(upper, HIGH), mixed(bonus, BONUS))


NAMED = {
    "z = 1.959964": (bounds("1.959963984540054e0"), "z = 1.959964"),
    "z = 1.645": (bounds("1.645e0"), "z = 1.645"),
    "z = 2.576": (bounds("2.576e0"), "z = 2.576"),
    "swapped": (bounds(p=f"(f / {N})"), "swapped"),
    "float32": (bounds(cast="CAST(CAST({} AS FLOAT) AS DOUBLE)"), "FLOAT32"),
    "bonus without + 1": (bounds(bonus=f"1e0 / sqrt({N})"), "without + 1"),
    "4 decimals": (bounds(cast="round({}, 4)"), "4 decimals"),
    "6 decimals": (bounds(cast="round({}, 6)"), "6 decimals"),
    "Wald": (
        fields(f"if(s + f = 0, 0e0, {P} - {WALD})", f"if(s + f = 0, 1e0, {P} + {WALD})"),
        "Wald",
    ),
}  # fmt: skip
OTHERS = {
    "z = 1.95": bounds("1.95e0"),
    "z = 2": bounds("2e0"),
    "z = 1.9601": bounds("1.9601e0"),
    "z = 1.9599": bounds("1.9599e0"),
    "z off by 1e-9": bounds("1.960000001e0"),
    "9 decimals": bounds(cast="round({}, 9)"),
    "2 decimals": bounds(cast="round({}, 2)"),
    "percent": bounds(cast="100e0 * {}"),
    "shifted by 1e-10": bounds(cast="1e-10 + {}"),
    "scaled by 1 + 1e-10": bounds(cast="1.0000000001e0 * {}"),
    "bonus of n + 2": bounds(bonus=f"1e0 / sqrt({N} + 2e0)"),
    "bonus without root": bounds(bonus=f"1e0 / ({N} + 1e0)"),
    "bonus of the UCB kind": bounds(bonus=f"sqrt(2e0 * ln({N} + 1e0) / ({N} + 1e0))"),
    "bonus a little off": bounds(bonus=f"1.0000001e0 / sqrt({N} + 1e0)"),
    "bonus is NULL": bounds(bonus="CAST(NULL AS DOUBLE)"),
    "Agresti-Coull": fields(f"{COULL_P} - {COULL}", f"{COULL_P} + {COULL}"),
    "Laplace share": bounds(p=f"((s + 1e0) / ({N} + 2e0))"),
    "n + 1": bounds(n=f"({N} + 1e0)"),
    "n is the successes": bounds(n="(CAST(s AS DOUBLE) + 1e-300)"),
    "continuity correction": fields(f"{LOW} - 5e-1 / ({N} + 1e0)", f"{HIGH} + 5e-1 / ({N} + 1e0)"),
    "lower and upper exchanged": fields(HIGH, LOW),
    "twice the lower": fields(LOW, LOW),
    "one half for nothing observed": where("s + f = 0", "5e-1", "5e-1"),
    "NULL for nothing observed": where("s + f = 0", "NULL", "NULL"),
    "(0, 0) for nothing observed": where("s + f = 0", "0e0", "0e0"),
    "NULL taken for 0": bounds().replace("s ", "coalesce(s, 0) ").replace("+ f)", "+ coalesce(f, 0))"),
    "wrong at 7 successes": where("s = 7", f"{LOW} + 1e-6"),
    "wrong at equal counts": where("s = f AND s > 0", upper=f"{HIGH} + 1e-6"),
    "wrong at one pair": where("s = 41 AND f = 13", "2e-1"),
    "wrong without failures": where("f = 0 AND s > 0", upper="9.9e-1"),
    "wrong without successes": where("s = 0 AND f > 0", "1e-3"),
    "wrong above a million": where("s + f > 1000000", f"{LOW} - 1e-7"),
    "wrong above 2**31": where("s + f > 2147483647 OR s > 500000000", "0e0"),
    "wrong from 64 to 127": where("s + f BETWEEN 64 AND 127", f"{LOW} * 1.000001e0"),
    "capped at 100 observations": bounds(n=f"least({N}, 100e0)"),
    "counts as FLOAT": bounds(n="CAST(CAST(s + f AS FLOAT) AS DOUBLE)"),
    "bonus wrong above 1000": where("s + f > 1000", bonus="0e0"),
    "clamped to [0.01, 0.99]": fields(f"greatest(1e-2, {LOW})", f"least(9.9e-1, {HIGH})"),
    "the centre without shrinking": fields(f"{P} - ({HIGH} - {LOW}) / 2e0", f"{P} + ({HIGH} - {LOW}) / 2e0"),
    "without the root": fields(interval().replace("sqrt(", "("), HIGH),
    "with the clock": bounds(bonus=f"{BONUS} + 0e0 * epoch(now())"),
    "with a table": bounds(bonus=f"{BONUS} + 0e0 * (SELECT count(*) FROM caption_bandit_stats)"),
}


def judged(target):
    return {one.name: one for one in check_bounds_function(target, Options())}


@pytest.mark.parametrize("fault", NAMED)
def test_a_frequent_mistake_is_named(replacing, fault):
    body, cause = NAMED[fault]
    with replacing("wilson_score_bounds", body) as target:
        results = judged(target)
    assert results["identity_bounds"].status == "fail"
    assert cause in results["identity_bounds"].cause
    assert cause in results["identity_bounds"].detail


@pytest.mark.parametrize("fault", OTHERS)
def test_any_other_mistake_fails(replacing, fault):
    with replacing("wilson_score_bounds", OTHERS[fault]) as target:
        results = judged(target)
    assert results["identity_bounds"].status == "fail"
    assert "replaced" in results["identity_bounds"].detail


def test_another_text_of_the_same_function_is_a_warning(replacing):
    with replacing("wilson_score_bounds", bounds()) as target:
        results = judged(target)
    assert results.pop("identity_bounds").status == "warn"
    assert {one.status for one in results.values()} == {"pass"}


def test_another_number_of_arguments_fails_by_name(replacing):
    with replacing("wilson_score_bounds", fields().replace("f", "f"), "s, f, z") as target:
        results = judged(target)
    assert results["identity_bounds"].status == "fail"
    assert "takes 3 arguments" in results["identity_bounds"].detail
