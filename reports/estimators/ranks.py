"""Who beats whom: ranks by replication, and how often one policy beats another."""

from collections.abc import Collection, Mapping
from itertools import permutations
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from reports.estimators.intervals import Floats, share_interval
from reports.tables.rows import by_policy, column

Ranks = NDArray[np.int64]

RANKS_SCHEMA: dict[str, pl.DataType] = {
    "policy": pl.String(),
    "rank": pl.Int64(),
    "count": pl.Int64(),
    "share": pl.Float64(),
    "share_low": pl.Float64(),
    "share_high": pl.Float64(),
}
WIN_PROBABILITY_SCHEMA: dict[str, pl.DataType] = {
    "policy": pl.String(),
    "other": pl.String(),
    "wins": pl.Int64(),
    "ties": pl.Int64(),
    "replications": pl.Int64(),
    "share": pl.Float64(),
    "share_low": pl.Float64(),
    "share_high": pl.Float64(),
}


def regrets(replications: pl.DataFrame) -> dict[str, Floats]:
    """Regret of each policy by replication, (replications,)."""
    return {name: column(rows, "regret") for name, rows in by_policy(replications).items()}


def ranks(regret: Mapping[str, Floats], oracles: Collection[str] = ()) -> dict[str, Ranks]:
    """The rank of each policy in each replication: 1 + how many have strictly less regret; oracles take no part."""
    rivals = {name: values for name, values in regret.items() if name not in oracles}
    if not rivals:
        return {}
    table = np.stack(list(rivals.values()))
    return {name: 1 + (table < values).sum(axis=0) for name, values in rivals.items()}


def ranks_frame(replications: pl.DataFrame, oracles: Collection[str] = ()) -> pl.DataFrame:
    """One row per policy and rank that occurs; see docs/data-dictionary.md."""
    found = ranks(regrets(replications), oracles)
    rows = [
        {"policy": name, "rank": rank, "count": count, **_share(count, len(values))}
        for name, values in found.items()
        for rank, count in enumerate(np.bincount(values).tolist())
        if count
    ]
    return pl.DataFrame(rows, schema=RANKS_SCHEMA)


def win_probability_frame(replications: pl.DataFrame) -> pl.DataFrame:
    """One row per ordered pair of policies; see docs/data-dictionary.md."""
    regret = regrets(replications)
    rows = [_wins(one, other, regret[one], regret[other]) for one, other in permutations(regret, 2)]
    return pl.DataFrame(rows, schema=WIN_PROBABILITY_SCHEMA)


def _wins(one: str, other: str, values: Floats, others: Floats) -> dict[str, Any]:
    wins, ties, n = int((values < others).sum()), int((values == others).sum()), len(values)
    return {"policy": one, "other": other, "wins": wins, "ties": ties, "replications": n, **_share(wins, n)}


def _share(count: int, n: int) -> dict[str, float | None]:
    estimate = share_interval(count, n)
    return {"share": estimate.value, "share_low": estimate.low, "share_high": estimate.high}
