"""(c) `wilson_sample`: inside its interval, uniform, unbiased, fresh in every row.

The statistical checks (uniformity and mean in each cell, correlation of neighbouring rows) share one false-alarm rate,
`FALSE_ALARM` = 1e-4 for all of them together, by Bonferroni: each is made at 1e-4 over their number. The others are
exact but for coincidences of 53-bit draws, below 1e-9.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies.maths.wilson import wilson_bounds
from sim.warehouse.base import StatementError, Target
from sim.warehouse.verify.options import FALSE_ALARM
from sim.warehouse.verify.results import Result, ask

GROUP = "sampler"
Numbers = NDArray[np.float64]
CELLS = ((0, 0), (1, 1), (1, 0), (0, 1), (10, 90), (90, 10), (1000, 1), (3, 100_000), (500_000_000, 500_000_000))
TESTS = 2 * len(CELLS) + 1
PROBED = ("sample_inside", "sample_uniform", "sample_mean", "sample_independent", "sample_resolution")
TOLERANCE = 1e-12  # of the interval's ends: rounding noise of the bounds is 2e-16


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
    """All checks of the sampling function, `draws` a cell."""
    try:
        cells = probe(target, draws)
    except StatementError as error:
        return [Result(GROUP, check, "fail", f"the function raised an error: {error.message}") for check in PROBED]
    results = judge(cells)
    for check in ("sample_distinct_constant", "sample_distinct_rows", "sample_two_references"):
        results += ask(target, GROUP, check, draws=draws)
    return [*results, *ask(target, GROUP, "sample_nulls"), _clamped(target)]


def probe(target: Target, draws: int) -> list[Cell]:
    """Draws of every cell, as the target makes them; NULL becomes NaN."""
    table = target.query(target.statement("probes/sample_cells", draws=draws))
    values = np.asarray(table.column("draw").to_numpy(zero_copy_only=False), dtype=np.float64)
    return cells_of(values.reshape(draws, len(CELLS)))


def cells_of(values: Numbers) -> list[Cell]:
    """Draws of shape (draws, cells) as cells, in the order of `CELLS`."""
    s, f = np.array(CELLS).T
    lower, upper = (np.clip(bound, 0.0, 1.0) for bound in wilson_bounds(s, f))
    return [Cell(*counts, values[:, at], float(lower[at]), float(upper[at])) for at, counts in enumerate(CELLS)]


def judge(cells: list[Cell], false_alarm: float = FALSE_ALARM) -> list[Result]:
    """The verdicts over the draws; `false_alarm` is that of the three statistical checks together."""
    level = false_alarm / TESTS
    if any(np.isnan(cell.draws).any() for cell in cells):
        return [Result(GROUP, check, "fail", "draws are NULL or NaN") for check in PROBED]
    return [
        _inside(cells),
        _by_cell("sample_uniform", cells, [uniformity(cell) for cell in cells], level),
        _by_cell("sample_mean", cells, [centring(cell) for cell in cells], level),
        _independent(cells, level),
        _resolution(cells),
    ]


def uniformity(cell: Cell) -> float:
    """p of the draws against the uniform distribution on the interval."""
    return kolmogorov_smirnov(np.clip(cell.uniforms, 0.0, 1.0))


def kolmogorov_smirnov(shares: Numbers) -> float:
    """p of the two-sided Kolmogorov–Smirnov test (exact) that values of a distribution function are uniform."""
    from scipy.stats import kstwo  # noqa: PLC0415  (slow to import)

    u = np.sort(shares)
    rank = np.arange(u.size)
    distance = max(np.max((rank + 1) / u.size - u), np.max(u - rank / u.size))
    return float(kstwo.sf(distance, u.size))


def centring(cell: Cell) -> float:
    """p of the mean against the midpoint: a uniform has variance 1/12, the mean of 1,000 is as good as normal."""
    from scipy.special import erfc  # noqa: PLC0415

    z = (np.mean(cell.uniforms) - 0.5) * np.sqrt(12.0 * cell.draws.size)
    return float(erfc(abs(z) / np.sqrt(2.0)))


def dependence(cells: list[Cell]) -> float:
    """p of the lag-1 correlation, read row by row through the cells: neighbouring rows must not share a draw."""
    from scipy.special import erfc  # noqa: PLC0415

    u = np.column_stack([cell.uniforms for cell in cells]).ravel() - 0.5
    z = 12.0 * float(u[:-1] @ u[1:]) / np.sqrt(u.size - 1.0)
    return float(erfc(abs(z) / np.sqrt(2.0)))


def _inside(cells: list[Cell]) -> Result:
    outside = {cell.name: _outside(cell) for cell in cells}
    worst = max(outside, key=lambda name: outside[name])
    total = sum(outside.values())
    detail = f"{total} of {sum(cell.draws.size for cell in cells)} draws outside"
    return Result(GROUP, "sample_inside", "fail" if total else "pass", detail + (f", most at {worst}" if total else ""))


def _outside(cell: Cell) -> int:
    return int(np.sum((cell.draws < cell.lower - TOLERANCE) | (cell.draws > cell.upper + TOLERANCE)))


def _by_cell(check: str, cells: list[Cell], p: list[float], level: float) -> Result:
    least = int(np.argmin(p))
    count = sum(one < level for one in p)
    told = f"least p = {p[least]:.2g} at {cells[least].name}, wanted at least {level:.2g}"
    return Result(GROUP, check, "fail" if count else "pass", f"{count} of {len(p)} cells rejected; {told}")


def _independent(cells: list[Cell], level: float) -> Result:
    p = dependence(cells)
    status = "pass" if p >= level else "fail"
    return Result(GROUP, "sample_independent", status, f"p = {p:.2g}, wanted at least {level:.2g}")


def _resolution(cells: list[Cell]) -> Result:
    """Of 53-bit draws one in 2**29 is a FLOAT32 by chance, but for (0, 0), where RAND() itself may have few bits."""
    share = {cell.name: float(np.mean(cell.draws == cell.draws.astype(np.float32))) for cell in cells[1:]}
    worst = max(share, key=lambda name: share[name])
    status = "fail" if share[worst] > 0.01 else "pass"
    return Result(GROUP, "sample_resolution", status, f"at most {share[worst]:.1%} of a cell's draws fit 32 bits")


def _clamped(target: Target) -> Result:
    """An error is as good an answer to negative counts as a clamped draw."""
    result = ask(target, GROUP, "sample_clamped")[0]
    refused = result.status == "fail" and result.detail.startswith("the engine refused")
    return Result(GROUP, result.check, "pass", "negative counts raise an error") if refused else result
