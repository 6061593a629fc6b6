"""Regret in labels, purchases, EMV and dollars: what an oracle earned more, paired by replication.

A policy can win in one currency and lose in another. The differences are of what was earned, luck included; the
expected regret in purchases and dollars is in `replications.parquet`.
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType

import polars as pl

from reports.estimators.intervals import Estimate, paired_difference
from reports.tables.rows import column

CURRENCIES: Mapping[str, str] = MappingProxyType(
    {"labels": "labels", "reward": "purchases", "emv_usd": "EMV ($)", "revenue_usd": "revenue ($)"}
)
"""Columns of replications.parquet and their names."""
MISSED: Mapping[str, str] = MappingProxyType(
    {"labels": "missed_labels", "reward": "missed_purchases", "emv_usd": "missed_emv_usd", "revenue_usd": "missed_usd"}
)
"""Their columns in summary.parquet."""


def missed(oracle: pl.DataFrame, own: pl.DataFrame, currency: str) -> Estimate:
    """Mean over replications of the oracle's result minus the policy's, with its 95 % interval."""
    return paired_difference(column(oracle, currency), column(own, currency)).estimate


def missed_columns(rows: Mapping[str, pl.DataFrame], oracles: Collection[str]) -> dict[str, dict[str, float | None]]:
    """The columns of `MISSED` by policy; empty without an oracle, or in a world that has no deployed loop."""
    oracle = next((name for name in rows if name in oracles), None)
    if oracle is None or any("labels" not in one.columns or one["labels"].null_count() for one in rows.values()):
        return {}
    return {
        policy: {name: missed(rows[oracle], own, currency).value for currency, name in MISSED.items()}
        for policy, own in rows.items()
    }
