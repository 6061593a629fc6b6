"""How fast regret grows: against the bound of Lai and Robbins 1985, Σ gap / kl(mean, best) per unit of ln T.

`imed` and `kl_ucb` reach the bound as T grows, but slowly: the rest falls as 1 / sqrt(ln T) (Cappé et al. 2013). At
these horizons the slopes are 0.7 to 0.85 and 1.3 to 1.5 times the bound, by 2,000 replications (docs/policies.md). The
bands below are ten standard errors wider. `ucb1`, which does not reach the bound, is far outside.
"""

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

import sim

MEANS = [[0.9, 0.8], [0.5, 0.3, 0.2]]
BANDS = {"imed": (0.55, 1.0), "kl_ucb": (1.0, 1.75)}
HORIZONS = [
    pytest.param(1_000, 10_000, 200, marks=pytest.mark.slow),
    pytest.param(10_000, 100_000, 400, marks=pytest.mark.long),
]


def relative_entropy(p: float, q: float) -> float:
    return p * math.log(p / q) + (1.0 - p) * math.log((1.0 - p) / (1.0 - q))


def bound(means: list[float]) -> float:
    best = max(means)
    return sum((best - mean) / relative_entropy(mean, best) for mean in means if mean < best)


def slope(kind: str, means: list[float], early: int, late: int, replications: int) -> float:
    """Growth of the mean regret per unit of ln T between two numbers of pulls."""
    content: dict[str, Any] = {
        "version": 1,
        "name": "growth",
        "seed": 5,
        "replications": replications,
        "horizon": {"pulls": late},
        "world": {"kind": "bernoulli", "means": means},
        "policies": [kind],
        "record": {"stats": "none", "curve_points": 60},
    }
    mean = sim.simulate(content).curves.group_by("at").agg(pl.col("regret").mean()).sort("at")
    at, regret = mean["at"].to_numpy(), mean["regret"].to_numpy()
    first = int(np.abs(at - early).argmin())
    return float((regret[-1] - regret[first]) / math.log(at[-1] / at[first]))


def test_the_bound_of_two_arms() -> None:
    assert bound([0.9, 0.8]) == pytest.approx(0.1 / (0.8 * math.log(8 / 9) + 0.2 * math.log(2)))


@pytest.mark.parametrize(("early", "late", "replications"), HORIZONS)
@pytest.mark.parametrize("kind", BANDS)
@pytest.mark.parametrize("means", MEANS)
def test_regret_grows_about_as_fast_as_the_bound(
    kind: str, means: list[float], early: int, late: int, replications: int
) -> None:
    low, high = BANDS[kind]
    assert low < slope(kind, means, early, late, replications) / bound(means) < high


@pytest.mark.slow
def test_a_rule_that_explores_too_much_grows_faster() -> None:
    assert slope("ucb1", [0.9, 0.8], 1_000, 10_000, 50) / bound([0.9, 0.8]) > 3.0
