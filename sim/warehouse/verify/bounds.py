"""`wilson_score_bounds` against the NumPy reference, on the edges and on log-uniform pairs of counts up to 1e9."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.maths.wilson import exploration_bonus, wilson_bounds
from sim.warehouse.base import StatementError, Target
from sim.warehouse.verify.checks import REDEPLOY, Check, shipped
from sim.warehouse.verify.results import Result, Status, ask

Numbers = NDArray[np.float64]
Fields = Mapping[str, Numbers]
FIELDS = ("lower_bound", "upper_bound", "exploration_bonus")
RELATIVE = 1e-12
NEAR_ZERO = 1e-14  # times the upper bound: what the cancellation of centre − half may leave
GRID = Check(
    "bounds_grid",
    "bounds",
    "Are the bounds right at the edges: counts of 0, 1, tens, and up to 1e9?",
    "The bounds are wrong at the edges of the counts.",
    REDEPLOY,
)
PAIRS = Check(
    "bounds_pairs",
    "bounds",
    "Are the bounds right for --rows pairs of counts, log-uniform up to 1e9?",
    "The bounds are wrong for ordinary counts: every stored interval is.",
    REDEPLOY,
)
CHECKS = (GRID, PAIRS)


def check_bounds(target: Target, pairs: int) -> list[Result]:
    """All checks of the bounds function; the deployed one is only called, never changed."""
    questions = [check for check in shipped().values() if check.group == "bounds"]
    return [
        _probed(target, GRID),
        _probed(target, PAIRS, pairs=pairs),
        *(one for check in questions for one in ask(target, check, {})),
    ]


def reference(s: Numbers, f: Numbers) -> dict[str, Numbers]:
    """The three fields that the function should return for counts of any shape."""
    lower, upper = wilson_bounds(s, f)
    return {"lower_bound": lower, "upper_bound": upper, "exploration_bonus": exploration_bonus(s, f)}


def disagreeing(got: Fields, wanted: Fields) -> NDArray[np.bool_]:
    """Which pairs differ by more than 1e-12 relative, or near zero by more than rounding (1e-14 of the upper bound)."""
    slack = NEAR_ZERO * wanted["upper_bound"]
    with np.errstate(invalid="ignore"):
        close = [np.abs(got[name] - wanted[name]) <= RELATIVE * np.abs(wanted[name]) + slack for name in FIELDS]
    return np.asarray(~np.logical_and.reduce(close))


def diagnose(s: Numbers, f: Numbers, got: Fields) -> str:
    """The known mistake that explains the values; empty if none does."""
    wanted = reference(s, f)
    for name, mistaken in MISTAKES.items():
        if _agree(got, {**wanted, **mistaken(s, f)}, 1e-10):
            return name
    single = all(np.array_equal(got[one], got[one].astype(np.float32), equal_nan=True) for one in FIELDS)
    return "a computation in FLOAT32" if single and _agree(got, wanted, 1e-5) else ""


def _agree(got: Fields, supposed: Fields, tolerance: float) -> bool:
    with np.errstate(invalid="ignore"):
        return all(
            np.allclose(got[one], supposed[one], rtol=tolerance, atol=tolerance, equal_nan=True) for one in FIELDS
        )


def _probed(target: Target, check: Check, **parameters: int) -> Result:
    try:
        table = target.query(target.statement(f"probes/{check.name}", **parameters))
    except StatementError as error:
        return Result(check, Status.FAIL, f"the function raised an error: {error.message}")
    columns = {name: _numbers(table, name) for name in ("s", "f", *FIELDS)}
    return judge(check, columns.pop("s"), columns.pop("f"), columns)


def judge(check: Check, s: Numbers, f: Numbers, got: Fields) -> Result:
    """The outcome for `got`, the fields as returned for counts `s`, `f`; NaN stands for NULL."""
    wanted = reference(s, f)
    wrong = np.flatnonzero(disagreeing(got, wanted))
    if not wrong.size:
        return Result(check, Status.PASS, f"{s.size} pairs within {RELATIVE:g} of the reference")
    first = wrong[0]
    values = ", ".join(f"{name} {got[name][first]!r} (wanted {wanted[name][first]!r})" for name in FIELDS)
    cause = diagnose(s, f, got)
    detail = f"{wrong.size} of {s.size} pairs differ; ({s[first]:.0f}, {f[first]:.0f}): {values}"
    return Result(check, Status.FAIL, detail + (f". It looks like {cause}" if cause else ""), cause)


def _numbers(table: Any, name: str) -> Numbers:
    return np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)


def _z(z: float) -> Callable[[Numbers, Numbers], dict[str, Numbers]]:
    def mistaken(s: Numbers, f: Numbers) -> dict[str, Numbers]:
        lower, upper = wilson_bounds(s, f, z)
        return {"lower_bound": lower, "upper_bound": upper}

    return mistaken


def _swapped(s: Numbers, f: Numbers) -> dict[str, Numbers]:
    return reference(f, s)


def _bonus(s: Numbers, f: Numbers) -> dict[str, Numbers]:
    with np.errstate(divide="ignore"):
        return {"exploration_bonus": 1.0 / np.sqrt(s + f)}


def _rounded(digits: int) -> Callable[[Numbers, Numbers], dict[str, Numbers]]:
    return lambda s, f: {name: np.round(value, digits) for name, value in reference(s, f).items()}


def _wald(s: Numbers, f: Numbers) -> dict[str, Numbers]:
    with np.errstate(invalid="ignore", divide="ignore"):
        n, p = s + f, s / (s + f)
        half = 1.96 * np.sqrt(p * (1.0 - p) / n)
    return {"lower_bound": np.where(n == 0, 0.0, p - half), "upper_bound": np.where(n == 0, 1.0, p + half)}


MISTAKES: dict[str, Callable[[Numbers, Numbers], dict[str, Numbers]]] = {
    "z = 1.959964 in place of 1.96": _z(1.959963984540054),
    "z = 1.645 (a 90 % interval)": _z(1.645),
    "z = 2.576 (a 99 % interval)": _z(2.576),
    "successes and failures swapped": _swapped,
    "an exploration bonus without + 1": _bonus,
    "values rounded to 4 decimals": _rounded(4),
    "values rounded to 6 decimals": _rounded(6),
    "the plain normal (Wald) interval": _wald,
}
