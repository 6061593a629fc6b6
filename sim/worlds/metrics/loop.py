"""What the owners of a deployed loop ask of a replication, beside reward and regret; see docs/data-dictionary.md.

Worlds without a deployed loop record nothing here: their columns are NULL.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

COLUMNS = {
    "unfilled": "int64",
    "late_purchases": "int64",
    "labels": "int64",
    "emv_usd": "float64",
    "explored_share": "float64",
    "cold_share": "float64",
    "distinct_captions": "float64",
    "top_decile_share": "float64",
    "top_decile_pages": "float64",
    "top_decile_day": "float64",
    "mean_price": "float64",
    "recount_factor": "float64",
    "interval_coverage": "float64",
    "regret_free_usd": "float64",
    "captured_share": "float64",
    "captured_share_free": "float64",
    "expected_usd": "float64",
}
"""Columns of replications.parquet and their types."""

WEEK_SUMS = ("page_weeks", "sends", "explored", "cold", "distinct", "priced", "top", "price", "revenue")
"""What is summed over pages and replications, by week."""


@dataclass(frozen=True)
class LoopMetrics:
    """The metrics of a block of R replications."""

    columns: dict[str, Floats] = field(default_factory=dict)
    """(R,) by name of `COLUMNS`, NaN for NULL; empty where the world has no deployed loop."""
    weeks: Counts = field(default_factory=lambda: np.zeros((0, len(WEEK_SUMS)), np.int64))
    """(weeks, `WEEK_SUMS`): whole numbers, so that no split into blocks changes a bit."""
