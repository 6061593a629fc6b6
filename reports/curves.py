"""Regret over time, from `curves.parquet`, one policy in memory at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import stdtrit

from reports.estimators import CONFIDENCE, Floats

WORST = 5  # replications drawn one by one


@dataclass(frozen=True)
class Curve:
    """A mean over replications at `at` (points,), with pointwise 95 % limits (Student's t)."""

    policy: str
    at: Floats
    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Tail:
    """What the mean hides: quantiles (points,) over replications, and the worst of these, (replications, points)."""

    policy: str
    at: Floats
    median: Floats
    q05: Floats
    q95: Floats
    worst: Floats


def regret_over_time(path: Path, policies: list[str]) -> Iterator[tuple[Curve, Tail]]:
    """Mean and tail of each policy's cumulative regret, in the order given."""
    for policy in policies:
        at, values = cumulative(path, policy, "regret")
        mean = mean_curve(policy, at, values)
        yield replace(mean, low=np.maximum(mean.low, 0.0)), _tail(policy, at, values)  # no mean regret is below 0


def cumulative(path: Path, policy: str, name: str) -> tuple[Floats, Floats]:
    """Points (points,) of curves.parquet, and a column of it for one policy, (replications, points)."""
    rows = pl.scan_parquet(path, hive_partitioning=False).filter(pl.col("policy") == policy)
    frame = rows.select("replication", "at", name).collect().sort("replication", "at")
    values = frame[name].to_numpy().reshape(frame["replication"].n_unique(), -1)
    return frame["at"].to_numpy()[: values.shape[1]], values


def mean_curve(policy: str, at: Floats, values: Floats) -> Curve:
    """The mean of `values` (replications, points) with its band."""
    replications = len(values)
    mean = values.mean(axis=0)
    reach = np.zeros_like(mean)
    if replications > 1:
        quantile = float(stdtrit(replications - 1, 0.5 + CONFIDENCE / 2))
        reach = quantile * values.std(axis=0, ddof=1) / np.sqrt(replications)
    return Curve(policy, at, mean, mean - reach, mean + reach)


def _tail(policy: str, at: Floats, values: Floats) -> Tail:
    q05, median, q95 = np.quantile(values, (0.05, 0.5, 0.95), axis=0)
    worst = np.argsort(-values[:, -1], kind="stable")[:WORST]
    return Tail(policy, at, median, q05, q95, values[worst])
