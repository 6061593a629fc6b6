"""Curves of the means, and what the means hide, from `curves.parquet`, some points in memory at a time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from reports.estimators.intervals import Floats, pointwise_means
from reports.tables.slices import Slice, at_end, slices

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


Over = TypeVar("Over", Curve, Tail)


def regret_over_time(path: Path, policies: list[str]) -> Iterator[tuple[Curve, Tail]]:
    """Mean and tail of each policy's cumulative regret, in the order given."""
    for policy in policies:
        worst = np.argsort(-at_end(path, policy, "regret"), kind="stable")[:WORST]
        parts = [(mean_curve(policy, *part), _tail(policy, *part, worst)) for part in slices(path, policy, "regret")]
        mean = _joined([curve for curve, _ in parts])
        tail = _joined([tail for _, tail in parts])
        yield replace(mean, low=np.maximum(mean.low, 0.0)), tail  # no mean regret is below 0


def mean_over_time(policy: str, parts: Iterable[Slice]) -> Curve:
    """The mean of all slices with its band."""
    return _joined([mean_curve(policy, *part) for part in parts])


def mean_curve(policy: str, at: Floats, values: Floats) -> Curve:
    """The mean of `values` (replications, points) with its band."""
    return Curve(policy, at, *pointwise_means(values))


def _tail(policy: str, at: Floats, values: Floats, worst: NDArray[np.int64]) -> Tail:
    q05, median, q95 = np.quantile(values, (0.05, 0.5, 0.95), axis=0)
    return Tail(policy, at, median, q05, q95, values[worst])


def _joined(parts: Sequence[Over]) -> Over:
    """Consecutive parts as one."""
    names = [field.name for field in fields(parts[0]) if field.name != "policy"]
    arrays: dict[str, Any] = {name: np.concatenate([getattr(each, name) for each in parts], axis=-1) for name in names}
    return replace(parts[0], **arrays)
