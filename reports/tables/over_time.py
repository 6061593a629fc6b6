"""Regret and money over time, from `curves.parquet`, some points of one policy in memory at a time."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

from reports.estimators.intervals import Floats, pointwise_means
from reports.tables.slices import Slice, paired, slices

LEVELS = (0.05, 0.25, 0.50, 0.75, 0.95)
REGRET_SCHEMA: dict[str, pl.DataType] = {
    "policy": pl.String(),
    "at": pl.Float64(),
    "mean_regret": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    **{f"q{round(100 * level):02d}": pl.Float64() for level in LEVELS},
}
DIFFERENCE_SCHEMA: dict[str, pl.DataType] = {
    "policy": pl.String(),
    "baseline": pl.String(),
    "at": pl.Float64(),
    "difference_usd": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
}


def regret_over_time(curves: Path, policies: Sequence[str]) -> pl.DataFrame:
    """One row per policy and point: mean regret, its pointwise interval, quantiles over replications."""
    empty = pl.DataFrame(schema=REGRET_SCHEMA)
    return pl.concat([empty, *(_regret(name, part) for name in policies for part in slices(curves, name, "regret"))])


def revenue_differences(curves: Path, policies: Sequence[str], baseline: str) -> pl.DataFrame:
    """One row per policy but the baseline and point: revenue minus the baseline's; empty without money."""
    paid = _paid(curves)
    parts = [
        _difference(name, baseline, part)
        for name in policies
        if name != baseline and (name in paid or baseline in paid)
        for part in paired(curves, name, baseline, "revenue_usd")
    ]
    return pl.concat([pl.DataFrame(schema=DIFFERENCE_SCHEMA), *parts])


def _paid(curves: Path) -> set[str]:
    """Policies that made any money."""
    rows = pl.scan_parquet(curves, glob=False, hive_partitioning=False).filter(pl.col("revenue_usd") != 0.0)
    return set(rows.select(pl.col("policy").unique()).collect(engine="streaming")["policy"])


def _regret(policy: str, part: Slice) -> pl.DataFrame:
    at, regret = part
    mean, low, high = pointwise_means(regret)
    columns = (at, mean, np.maximum(low, 0.0), high, *np.quantile(regret, LEVELS, axis=0))  # no mean regret is below 0
    names = list(REGRET_SCHEMA)[1:]
    return _frame({"policy": policy}, dict(zip(names, columns, strict=True)), REGRET_SCHEMA)


def _difference(policy: str, baseline: str, part: Slice) -> pl.DataFrame:
    at, more = part
    columns = dict(zip(list(DIFFERENCE_SCHEMA)[2:], (at, *pointwise_means(more)), strict=True))
    return _frame({"policy": policy, "baseline": baseline}, columns, DIFFERENCE_SCHEMA)


def _frame(constant: dict[str, str], columns: dict[str, Floats], schema: dict[str, pl.DataType]) -> pl.DataFrame:
    frame = pl.DataFrame(columns).with_columns(pl.all().fill_nan(None))
    return frame.with_columns(**{name: pl.lit(text) for name, text in constant.items()}).select(list(schema))
