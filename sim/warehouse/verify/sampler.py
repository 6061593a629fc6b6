"""`wilson_sample`: inside its interval, uniform, unbiased, fresh in every row.

Two probes: `sample_cells`, draws one by one in nine cells, and `sample_counts`, many more draws at all counts, summed
by class of counts. The statistical tests share one false-alarm rate, `FALSE_ALARM` = 1e-4 for all of them together, by
Bonferroni: `TESTS` tests at equal levels, after what coincidences of 53-bit draws need (`COINCIDENCES`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.maths.wilson import wilson_bounds
from sim.warehouse.base import StatementError, Target
from sim.warehouse.verify.checks import REDEPLOY, Check, shipped
from sim.warehouse.verify.options import FALSE_ALARM
from sim.warehouse.verify.results import Result, Status, ask
from sim.warehouse.verify.uniformity import (
    SQUARE_VARIANCE,
    VARIANCE,
    bernstein_p,
    gaps_p,
    kolmogorov_smirnov,
    lag_p,
    log_p,
    mean_p,
)

Numbers = NDArray[np.float64]
CELLS = ((0, 0), (1, 1), (1, 0), (0, 1), (10, 90), (90, 10), (1000, 1), (3, 100_000), (500_000_000, 500_000_000))
TESTS = 2 * len(CELLS) + 7  # KS and mean per cell; KS, mean, 2 logs, ends pooled; lags; classes of counts
COINCIDENCES = 1e-5  # two of 300,000 53-bit draws agree: 300,000² / 2 / 2**53, rounding included
TOLERANCE = 1e-12  # of the interval's ends: rounding noise of the bounds is 2e-16
PAIRS_PER_DRAW = 60  # draws of sample_counts, per draw of a cell
MOST_PAIRS = 4_000_000
LARGE_CLASS = 52  # counts from 1e6; see probes/sample_counts


def _declare(name: str, question: str, meaning: str, remedy: str = REDEPLOY) -> Check:
    return Check(name, "sampler", question, meaning, remedy)


INSIDE = _declare(
    "sample_inside", "Is every draw inside its interval?", "Draws fall outside the interval: wrong captions are sent."
)
UNIFORM = _declare(
    "sample_uniform",
    "Are draws uniform on the interval, in each cell and pooled (Kolmogorov–Smirnov)?",
    "Draws are not uniform on the interval: exploration differs from the specification.",
)
MEAN = _declare(
    "sample_mean",
    "Is the mean draw the midpoint, in each cell and pooled?",
    "Draws are biased: captions are systematically over- or under-rated.",
)
SHAPE = _declare(
    "sample_shape",
    "Do draws reach both ends of the interval, with logarithms as of a uniform draw?",
    "Draws are a power of a uniform draw, or fill a slightly smaller interval (another z).",
)
COUNTS = _declare(
    "sample_counts",
    "Are draws uniform at all counts, from 0 to 1e9?",
    "Draws are wrong at some counts only: some captions are over- or under-rated.",
)
INDEPENDENT = _declare(
    "sample_independent",
    "Are draws of different rows uncorrelated, at any distance?",
    "Draws of different rows depend on each other: captions win or lose in groups.",
    "Write the function as one expression; see sql/udf.",
)
RESOLUTION = _declare(
    "sample_resolution",
    "Do draws have more than 32 bits?",
    "Draws are coarse, as of 32 bits: captions with many observations tie.",
    "Compute in FLOAT64 throughout; see sql/udf.",
)
CHECKS = (INSIDE, UNIFORM, MEAN, SHAPE, COUNTS, INDEPENDENT, RESOLUTION)


@dataclass(frozen=True)
class Cell:
    """The draws of one pair of counts, and the interval (clamped to [0, 1]) that they should fill evenly."""

    successes: int
    failures: int
    draws: Numbers
    lower: float
    upper: float

    @property
    def name(self) -> str:
        """Such as (10, 90)."""
        return f"({self.successes}, {self.failures})"

    @property
    def uniforms(self) -> Numbers:
        """The draws as shares of the interval."""
        return (self.draws - self.lower) / (self.upper - self.lower)


@dataclass(frozen=True)
class Classes:
    """Sums of shares u over classes of counts, each of shape (classes,); see `probes/sample_counts`."""

    s_class: Numbers
    f_class: Numbers
    draws: Numbers
    missing: Numbers
    outside: Numbers
    first_moment: Numbers
    second_moment: Numbers
    log_low: Numbers
    log_high: Numbers
    least: Numbers
    most: Numbers

    @property
    def large(self) -> NDArray[np.bool_]:
        """The classes in which both counts are at least 1e6."""
        return (self.s_class >= LARGE_CLASS) & (self.f_class >= LARGE_CLASS)

    @property
    def total(self) -> int:
        """Draws of all classes."""
        return int(self.draws.sum())


def check_sampler(target: Target, draws: int) -> list[Result]:
    """All checks of the sampling function, `draws` per cell."""
    try:
        results = judge(probe(target, draws), probe_classes(target, draws))
    except StatementError as error:
        detail = f"the function raised an error: {error.message}"
        results = [Result(check, Status.FAIL, detail) for check in CHECKS]
    questions = [check for check in shipped().values() if check.group == "sampler"]
    return [*results, *(one for check in questions for one in ask(target, check, {"draws": draws}))]


def probe(target: Target, draws: int) -> list[Cell]:
    """Draws of every cell, as the target makes them; NULL becomes NaN."""
    table = target.query(target.statement("probes/sample_cells", draws=draws))
    values = np.asarray(table.column("draw").to_numpy(zero_copy_only=False), dtype=np.float64)
    return cells_of(values.reshape(draws, len(CELLS)))


def pairs_of_counts(draws: int) -> int:
    """Draws at all counts, for so many draws per cell."""
    return min(PAIRS_PER_DRAW * draws, MOST_PAIRS)


def probe_classes(target: Target, draws: int) -> Classes:
    """Sums over many draws at all counts, as the target makes them."""
    table = target.query(target.statement("probes/sample_counts", pairs=pairs_of_counts(draws)))
    columns = {
        name: np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)
        for name in Classes.__annotations__
    }
    return Classes(**columns)


def cells_of(values: Numbers) -> list[Cell]:
    """Draws of shape (draws, cells) as cells, in the order of `CELLS`."""
    s, f = np.array(CELLS).T
    lower, upper = (np.clip(bound, 0.0, 1.0) for bound in wilson_bounds(s, f))
    return [Cell(*counts, values[:, at], float(lower[at]), float(upper[at])) for at, counts in enumerate(CELLS)]


def judge(cells: Sequence[Cell], classes: Classes, false_alarm: float = FALSE_ALARM) -> list[Result]:
    """The outcomes for the draws; `false_alarm` is the rate of all statistical checks together."""
    level = false_alarm * (1.0 - COINCIDENCES / FALSE_ALARM) / TESTS
    if any(np.isnan(cell.draws).any() for cell in cells) or classes.missing.any():
        return [Result(check, Status.FAIL, "draws are NULL or NaN") for check in CHECKS]
    pooled = np.concatenate([cell.uniforms for cell in cells])
    return [
        _inside(cells, classes),
        _least(UNIFORM, {**{one.name: _ks(one) for one in cells}, "all cells": kolmogorov_smirnov(pooled)}, level),
        _least(MEAN, {**{one.name: _mean(one) for one in cells}, "all counts": _pooled_mean(classes)}, level),
        _shape(classes, level),
        _counts(classes, level),
        _independent(cells, level),
        _resolution(cells),
    ]


def _ks(cell: Cell) -> float:
    return kolmogorov_smirnov(cell.uniforms)


def _mean(cell: Cell) -> float:
    return mean_p(float(np.sum(cell.uniforms - 0.5)), cell.draws.size)


def _pooled_mean(classes: Classes) -> float:
    return mean_p(float(classes.first_moment.sum()), classes.total)


def _inside(cells: Sequence[Cell], classes: Classes) -> Result:
    outside = {cell.name: _outside(cell) for cell in cells} | {"other counts": int(classes.outside.sum())}
    worst = max(outside, key=lambda name: outside[name])
    total = sum(outside.values())
    detail = f"{total} of {sum(cell.draws.size for cell in cells) + classes.total} draws outside"
    if not total:
        return Result(INSIDE, Status.PASS, detail)
    return Result(INSIDE, Status.FAIL, f"{detail}, most at {worst}", _scaled(classes))


def _outside(cell: Cell) -> int:
    return int(np.sum((cell.draws < cell.lower - TOLERANCE) | (cell.draws > cell.upper + TOLERANCE)))


def _scaled(classes: Classes) -> str:
    """Which z explains draws that fill an interval of the same centre and another width; empty if none does.

    Only large counts tell: there z changes the width in proportion, and neither the centre nor the clamp matters.
    """
    large = classes.large
    if not large.any():
        return ""
    below, above = float(classes.least[large].min()), float(classes.most[large].max()) - 1.0
    off = abs(below + above) > 0.2 * abs(above - below) + 20.0 / classes.draws[large].sum()
    return "" if off else f"an interval with z of about {1.96 * (1.0 + above - below):.5g}"


def _least(check: Check, p: dict[str, float], level: float) -> Result:
    worst = min(p, key=lambda name: p[name])
    count = sum(one < level for one in p.values())
    detail = f"{count} of {len(p)} tests reject; least p = {p[worst]:.2g} at {worst}, at least {level:.2g} expected"
    return Result(check, Status.FAIL if count else Status.PASS, detail)


def _ends(classes: Classes) -> float:
    """p of the gaps at both ends at large counts; at small ones an end moves less with z."""
    large = classes.large
    gaps = float(classes.least[large].min(initial=1.0)) + 1.0 - float(classes.most[large].max(initial=0.0))
    return gaps_p(gaps, int(classes.draws[large].sum()))


def _shape(classes: Classes, level: float) -> Result:
    low_logs = float(classes.log_low.sum())
    p = {
        "the ends": _ends(classes),
        "the logarithms": log_p(low_logs, classes.total),
        "the logarithms from above": log_p(float(classes.log_high.sum()), classes.total),
    }
    result = _least(SHAPE, p, level)
    if result.status is Status.PASS:
        return result
    other_interval = classes.outside.any() or p["the ends"] < level
    power = f"a uniform draw to the power of {-low_logs / classes.total:.4g}"
    cause = _scaled(classes) if other_interval else power
    return Result(SHAPE, result.status, result.detail, cause)


def _counts(classes: Classes, level: float) -> Result:
    """Mean and spread in every class, by Bernstein's inequality: many classes are small."""
    spread = classes.second_moment - classes.draws * VARIANCE
    p = np.minimum(
        bernstein_p(classes.first_moment, classes.draws, VARIANCE, 0.5),
        bernstein_p(spread, classes.draws, SQUARE_VARIANCE, 1.0 / 6.0),
    )
    limit = level / (2 * p.size)
    wrong, worst = int(np.sum(p < limit)), int(np.argmin(p))
    where = f"({_label(classes.s_class[worst])}, {_label(classes.f_class[worst])})"
    detail = f"{wrong} of {p.size} classes of counts reject; least p = {p[worst]:.2g} at {where}, {limit:.2g} allowed"
    return Result(COUNTS, Status.FAIL if wrong else Status.PASS, detail)


def _label(count_class: float) -> str:
    """The counts of a class: one up to 20, else a range."""
    if count_class <= 20:
        return f"{count_class:.0f}"
    low, high = (20.0 * 2.0 ** ((count_class - 21.0 + step) / 2.0) for step in (0, 1))
    return f"{low:.0f}–{high:.0f}"


def _independent(cells: Sequence[Cell], level: float) -> Result:
    """Read row by row through the cells, as the target made them."""
    p, lag = lag_p(np.column_stack([cell.uniforms for cell in cells]).ravel())
    status = Status.PASS if p >= level else Status.FAIL
    cause = "" if status is Status.PASS else f"draws shared by rows {lag} apart"
    return Result(INDEPENDENT, status, f"most correlated {lag} draws apart: p = {p:.2g}, {level:.2g} allowed", cause)


def _resolution(cells: Sequence[Cell]) -> Result:
    """Of 53-bit draws one in 2**29 is a FLOAT32 by chance, but for (0, 0), where RAND() itself may have few bits."""
    share = {cell.name: float(np.mean(cell.draws == cell.draws.astype(np.float32))) for cell in cells[1:]}
    worst = max(share, key=lambda name: share[name])
    status = Status.FAIL if share[worst] > 0.01 else Status.PASS
    cause = "a computation in FLOAT32" if status is Status.FAIL else ""
    return Result(RESOLUTION, status, f"at most {share[worst]:.1%} of a cell's draws fit 32 bits", cause)
