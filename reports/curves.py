"""Mean regret over time, from `curves.parquet`, one policy in memory at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import stdtrit

from reports.estimators import CONFIDENCE, Floats


@dataclass(frozen=True)
class Curve:
    """Mean cumulative regret of one policy at `at` (points,), with pointwise 95 % limits (Student's t)."""

    policy: str
    at: Floats
    mean: Floats
    low: Floats
    high: Floats


def mean_curves(path: Path, policies: list[str]) -> Iterator[Curve]:
    """The curve of each policy, in the order given."""
    rows = pl.scan_parquet(path, hive_partitioning=False)
    for policy in policies:
        of_policy = rows.filter(pl.col("policy") == policy).select("replication", "at", "regret").collect()
        yield _curve(policy, of_policy.sort("replication", "at"))


def _curve(policy: str, rows: pl.DataFrame) -> Curve:
    replications = rows["replication"].n_unique()
    regret = rows["regret"].to_numpy().reshape(replications, -1)
    at = rows["at"].to_numpy()[: regret.shape[1]]
    mean = regret.mean(axis=0)
    reach = np.zeros_like(mean)
    if replications > 1:
        quantile = float(stdtrit(replications - 1, 0.5 + CONFIDENCE / 2))
        reach = quantile * regret.std(axis=0, ddof=1) / np.sqrt(replications)
    return Curve(policy, at, mean, mean - reach, mean + reach)
