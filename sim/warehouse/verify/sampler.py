"""`wilson_sample`: inside its interval, uniform, unbiased, fresh in every row.

Two probes: `sample_cells`, draws one by one in nine cells, and `sample_counts`, many more draws at all counts, summed
by class of counts (`count_classes`). The statistical tests share one false-alarm rate, `FALSE_ALARM` = 1e-4 for all of
them together, by Bonferroni: `TESTS` tests at equal levels, after what coincidences of 53-bit draws need
(`COINCIDENCES`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.maths.wilson import wilson_bounds
from sim.warehouse.base import StatementError, Target
from sim.warehouse.verify.checks import REDEPLOY, Check, shipped
from sim.warehouse.verify.count_classes import (
    Classes,
    Groups,
    ends_p,
    logs_p,
    moments_p,
    other_width,
    power_of,
)
from sim.warehouse.verify.options import FALSE_ALARM
from sim.warehouse.verify.results import Result, Status, ask
from sim.warehouse.verify.uniformity import kolmogorov_smirnov, lag_p, mean_p

Numbers = NDArray[np.float64]
CELLS = ((0, 0), (1, 1), (1, 0), (0, 1), (10, 90), (90, 10), (1000, 1), (3, 100_000), (500_000_000, 500_000_000))
TESTS = 2 * len(CELLS) + 12  # KS, mean per cell; KS, mean, 3 moments, 2 logs, ends pooled; 2 of lags, classes, bits
COINCIDENCES = 1e-5  # two of 300,000 53-bit draws agree: 300,000² / 2 / 2**53, rounding included
TOLERANCE = 1e-12  # of the interval's ends: rounding noise of the bounds is 2e-16
PAIRS_PER_DRAW = 300  # draws of sample_counts, per draw of a cell
MOST_PAIRS = 4_000_000


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
    groups = classes.groups()
    pooled = np.concatenate([cell.uniforms for cell in cells])
    return [
        _inside(cells, classes),
        _least(UNIFORM, {**{one.name: _ks(one) for one in cells}, "all cells": kolmogorov_smirnov(pooled)}, level),
        _least(MEAN, {**{one.name: _mean(one) for one in cells}, "all counts": _pooled_mean(classes)}, level),
        _shape(classes, level),
        _counts(groups, level),
        _independent(cells, level),
        _resolution(cells, groups, level),
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
    return Result(INSIDE, Status.FAIL, f"{detail}, most at {worst}", other_width(classes))


def _outside(cell: Cell) -> int:
    return int(np.sum((cell.draws < cell.lower - TOLERANCE) | (cell.draws > cell.upper + TOLERANCE)))


def _least(check: Check, p: dict[str, float], level: float) -> Result:
    worst = min(p, key=lambda name: p[name])
    count = sum(one < level for one in p.values())
    detail = f"{count} of {len(p)} tests reject; least p = {p[worst]:.2g} at {worst}, at least {level:.2g} expected"
    return Result(check, Status.FAIL if count else Status.PASS, detail)


def _shape(classes: Classes, level: float) -> Result:
    """Over all counts: the ends, the logarithms, and the moments that a bias with the right mean changes."""
    p = {"the ends": ends_p(classes), **logs_p(classes), **moments_p(classes)}
    result = _least(SHAPE, p, level)
    if result.status is Status.PASS:
        return result
    other_interval = classes.outside.any() or p["the ends"] < level
    cause = other_width(classes) if other_interval else power_of(classes)
    return Result(SHAPE, result.status, result.detail, cause)


def _counts(groups: Groups, level: float) -> Result:
    """Mean and spread in every class, and in all classes of the same successes, failures or sum."""
    p, limit = groups.uniform_p, level / (2 * groups.size)
    wrong, worst = int(np.sum(p < limit)), int(np.argmin(p))
    detail = (
        f"{wrong} of {p.size} classes of counts reject; least p = {p[worst]:.2g} at {groups.label(worst)},"
        f" {limit:.2g} allowed"
    )
    return Result(COUNTS, Status.FAIL if wrong else Status.PASS, detail)


def _independent(cells: Sequence[Cell], level: float) -> Result:
    """Read row by row through the cells, as the target made them: the shares, and their distances from the middle."""
    shares = np.column_stack([cell.uniforms for cell in cells]).ravel()
    p, lag = min(lag_p(shares), lag_p(shares, 2))
    status = Status.PASS if p >= level else Status.FAIL
    cause = "" if status is Status.PASS else f"draws shared by rows {lag} apart"
    return Result(INDEPENDENT, status, f"most correlated {lag} draws apart: p = {p:.2g}, {level:.2g} allowed", cause)


def _resolution(cells: Sequence[Cell], groups: Groups, level: float) -> Result:
    """Of 53-bit draws one in 2**29 is a FLOAT32 by chance, but for (0, 0), where RAND() itself may have few bits."""
    share = {cell.name: float(np.mean(cell.draws == cell.draws.astype(np.float32))) for cell in cells[1:]}
    worst = max(share, key=lambda name: share[name])
    p, limit = groups.grid_p, level / groups.size
    coarsest = int(np.argmin(p))
    detail = (
        f"at most {share[worst]:.1%} of a cell's draws fit 32 bits; least p of 53-bit shares = {p[coarsest]:.2g}"
        f" at {groups.label(coarsest)}, {limit:.2g} allowed"
    )
    if share[worst] > 0.01:
        return Result(RESOLUTION, Status.FAIL, detail, "a computation in FLOAT32")
    if p[coarsest] < limit:
        return Result(RESOLUTION, Status.FAIL, detail, "random numbers of at most 32 bits")
    return Result(RESOLUTION, Status.PASS, detail)
