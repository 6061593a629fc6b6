"""Rows of `replications.parquet` by policy, as arrays."""

from collections.abc import Iterable

import polars as pl

from reports.estimators.intervals import Floats

EXPECTED = "expected_usd"


def by_policy(replications: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """The rows of each policy, by replication, in the order in which policies first appear."""
    names = replications["policy"].unique(maintain_order=True).to_list()
    return {name: replications.filter(pl.col("policy") == name).sort("replication") for name in names}


def column(rows: pl.DataFrame, name: str) -> Floats:
    """A column as float64; NULL becomes NaN."""
    return rows[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def metric_column(columns: Iterable[str], metric: str) -> str:
    """The column from which the mean of a metric is estimated: for revenue `expected_usd`, where there is one.

    It has the same mean without the luck of views and sales: conditional Monte Carlo (Asmussen and Glynn 2007,
    Stochastic Simulation, section V.4), which needs fewer replications for an interval of the same width.
    """
    return EXPECTED if metric == "revenue_usd" and EXPECTED in columns else metric


def metric_values(rows: pl.DataFrame, metric: str) -> Floats:
    """The metric by replication, (replications,), from the column of `metric_column`."""
    return column(rows, metric_column(rows.columns, metric))
