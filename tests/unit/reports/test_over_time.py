"""Tables and curves over time from a small `curves.parquet`, against NumPy and SciPy."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from reports.tables import curves
from reports.tables.over_time import LEVELS, regret_over_time, revenue_differences

AT = np.array([10.0, 20.0, 30.0])
REPLICATIONS = 12
RANDOM = np.random.default_rng(4)
REGRET = {name: RANDOM.lognormal(0, 1, (REPLICATIONS, 3)).cumsum(axis=1) for name in ("a", "b", "c")}
REVENUE = {
    "a": RANDOM.uniform(5, 9, (REPLICATIONS, 3)).cumsum(axis=1),
    "b": RANDOM.uniform(1, 4, (REPLICATIONS, 3)).cumsum(axis=1),
    "c": np.zeros((REPLICATIONS, 3)),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of each policy by replication, then by point."""
    parts = [
        pl.DataFrame(
            {
                "policy": [name] * (REPLICATIONS * len(AT)),
                "replication": np.repeat(np.arange(REPLICATIONS), len(AT)),
                "at": np.tile(AT, REPLICATIONS),
                "regret": REGRET[name].ravel(),
                "revenue_usd": REVENUE[name].ravel(),
            }
        )
        for name in REGRET
    ]
    file = tmp_path_factory.mktemp("curves") / "curves.parquet"
    pl.concat(parts).write_parquet(file)
    return file


def student(values: np.ndarray) -> np.ndarray:
    """Low and high limits of each column's mean."""
    mean, error = values.mean(axis=0), stats.sem(values, axis=0)
    return np.array(stats.t.interval(0.95, len(values) - 1, mean, error))


def test_regret_has_its_mean_its_band_and_its_quantiles_at_each_point(path: Path) -> None:
    found = regret_over_time(path, ["b", "a"])
    assert found["policy"].to_list() == ["b"] * 3 + ["a"] * 3
    for name in ("a", "b"):
        own = found.filter(policy=name)
        low, high = student(REGRET[name])
        assert own["at"].to_list() == AT.tolist()
        assert own["mean_regret"].to_numpy() == pytest.approx(REGRET[name].mean(axis=0))
        assert own["ci_low"].to_numpy() == pytest.approx(np.maximum(low, 0.0))
        assert own["ci_high"].to_numpy() == pytest.approx(high)
        for level in LEVELS:
            expected = np.quantile(REGRET[name], level, axis=0)
            assert own[f"q{round(100 * level):02d}"].to_numpy() == pytest.approx(expected)


def test_a_difference_of_revenue_is_the_policy_minus_the_baseline(path: Path) -> None:
    found = revenue_differences(path, ["a", "b", "c"], "b")
    assert found["policy"].unique(maintain_order=True).to_list() == ["a", "c"]
    for name in ("a", "c"):
        more, own = REVENUE[name] - REVENUE["b"], found.filter(policy=name)
        low, high = student(more)
        assert own["difference_usd"].to_numpy() == pytest.approx(more.mean(axis=0))
        assert own["ci_low"].to_numpy() == pytest.approx(low)
        assert own["ci_high"].to_numpy() == pytest.approx(high)


def test_policies_that_earn_nothing_are_not_compared_with_one_another(path: Path, tmp_path: Path) -> None:
    unpaid = pl.read_parquet(path).with_columns(revenue_usd=pl.lit(0.0))
    unpaid.write_parquet(tmp_path / "curves.parquet")
    assert len(revenue_differences(tmp_path / "curves.parquet", ["a", "b"], "b")) == 0


def test_a_tail_has_the_worst_replications_by_their_last_regret(path: Path) -> None:
    ((mean, tail),) = curves.regret_over_time(path, ["a"])
    order = np.argsort(-REGRET["a"][:, -1])[: curves.WORST]
    assert tail.worst == pytest.approx(REGRET["a"][order])
    for values, level in ((tail.q05, 0.05), (tail.median, 0.5), (tail.q95, 0.95)):
        assert values == pytest.approx(np.quantile(REGRET["a"], level, axis=0))
    low, high = student(REGRET["a"])
    assert mean.low == pytest.approx(np.maximum(low, 0.0))
    assert mean.high == pytest.approx(high)


def test_a_single_replication_has_no_band(path: Path, tmp_path: Path) -> None:
    pl.read_parquet(path).filter(pl.col("replication") == 0).write_parquet(tmp_path / "one.parquet")
    found = regret_over_time(tmp_path / "one.parquet", ["a"])
    assert found["ci_low"].to_list() == found["ci_high"].to_list() == [None] * 3
    assert found["mean_regret"].to_numpy() == pytest.approx(REGRET["a"][0])
