"""Rows of `replications.parquet` by policy, as arrays."""

import polars as pl

from reports.estimators.intervals import Floats


def by_policy(replications: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows of each policy, by replication, in the order in which policies first appear."""
    names = replications["policy"].unique(maintain_order=True).to_list()
    return {name: replications.filter(pl.col("policy") == name).sort("replication") for name in names}


def column(rows: pl.DataFrame, name: str) -> Floats:
    """A column as float64; NULL becomes NaN."""
    return rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()
