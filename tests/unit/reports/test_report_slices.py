"""Curves in slices: the same numbers however many points are in memory at a time."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from reports.tables import curves, slices
from reports.tables.over_time import regret_over_time, revenue_differences

POLICIES = ("base", "better", "broke")
REPLICATIONS, POINTS = 7, 11


@pytest.fixture
def path(tmp_path: Path) -> Path:
    generator = np.random.default_rng(5)
    rows = [
        {
            **{"policy": policy, "replication": replication, "at": float(at)},
            **{"regret": generator.gamma(at + 1.0), "revenue_usd": 0.0 if policy == "broke" else generator.random()},
        }
        for policy in POLICIES
        for replication in range(REPLICATIONS)
        for at in range(POINTS)
    ]
    pl.DataFrame(rows).write_parquet(tmp_path / "curves.parquet", row_group_size=REPLICATIONS * POINTS)
    return tmp_path / "curves.parquet"


@pytest.fixture(params=[1, 2 * REPLICATIONS, 5 * REPLICATIONS + 1, 10**6])
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(slices, "AT_ONCE", request.param)
    yield request.param


def whole(path: Path, policy: str, name: str) -> np.ndarray:
    rows = pl.read_parquet(path).filter(policy=policy)
    return rows.sort("replication", "at")[name].to_numpy().reshape(REPLICATIONS, POINTS)


def test_slices_are_the_whole(path: Path, at_once: int) -> None:
    parts = list(slices.slices(path, "better", "regret"))
    assert np.concatenate([at for at, _ in parts]).tolist() == list(range(POINTS))
    assert np.array_equal(np.hstack([values for _, values in parts]), whole(path, "better", "regret"))
    assert len(parts) > 1 or at_once > 5 * REPLICATIONS
    assert all(values.size <= max(at_once, 2 * REPLICATIONS) * 2 for _, values in parts)
    assert np.array_equal(slices.at_end(path, "better", "regret"), whole(path, "better", "regret")[:, -1])


def test_means_tails_and_differences_do_not_depend_on_the_slices(path: Path, at_once: int) -> None:
    mean, tail = next(iter(curves.regret_over_time(path, ["better"])))
    values = whole(path, "better", "regret")
    assert np.array_equal(mean.mean, values.mean(axis=0))
    assert np.array_equal(tail.median, np.median(values, axis=0))
    assert np.array_equal(tail.worst, values[np.argsort(-values[:, -1])[: curves.WORST]])
    table = regret_over_time(path, POLICIES).filter(policy="better")
    assert table["mean_regret"].to_list() == values.mean(axis=0).tolist()
    more = values - whole(path, "base", "regret")
    found = curves.mean_over_time("better", slices.paired(path, "better", "base", "regret"))
    assert np.array_equal(found.mean, more.mean(axis=0))


def test_revenue_is_compared_where_one_of_the_two_has_any(path: Path) -> None:
    assert revenue_differences(path, POLICIES, "base")["policy"].unique().sort().to_list() == ["better", "broke"]
    assert revenue_differences(path, ["broke"], "broke").is_empty()
