"""Rows of caption_bandit_stats without a fault, and ways to change them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from policies.maths.wilson import exploration_bonus, wilson_bounds

HOUR = 3_600_000_000
START = 1_750_000_000_000_000
NOW = datetime.fromtimestamp(START / 1e6, UTC) + timedelta(days=90)  # when tables of the tests are read


def right_rows(rows=3000, pages=7, seed=1, used=None):
    """A table without a fault, by page and rising caption, as the update job would leave it.

    `used`: when the table is read; the newest row is then 6 hours old.
    """
    random = np.random.default_rng(seed)
    page = np.sort(random.integers(0, pages, rows))
    s, f = 1 + random.geometric(0.3, rows) - 1, 1 + random.geometric(0.2, rows)
    s[:5], f[:5] = 100_000_000, 5
    emv = np.round(random.gamma(1.0, 2.0, rows), 2) * (random.random(rows) < 0.7)
    days = random.integers(0, 90, rows) * 24 * HOUR
    updated = START + days if used is None else round(used.timestamp() * 1e6) - 6 * HOUR - days
    frame = pl.DataFrame(
        {
            "caption_id": random.choice(10**12, rows, replace=False) - 5 * 10**11,
            "page_name": [f"page_{one:04d}" for one in page],
            "successes": s, "failures": f, "total_observations": s + f - 2,
            "total_revenue": emv + random.random(rows), "avg_conversion_rate": random.random(rows), "avg_emv": emv,
            "last_emv_observed": emv,
            "confidence_lower_bound": 0.0, "confidence_upper_bound": 1.0, "exploration_score": 1.0,
            "last_used": updated, "last_updated": updated,
        },
    )  # fmt: skip
    some = pl.Series(random.random(rows) < 0.5)
    frame = derived(frame.with_columns(pl.when(some).then(pl.col("last_used", "last_emv_observed"))))
    rank = (pl.col("avg_emv").rank("min") - 1) / (pl.len() - 1) * 100
    frame = frame.sort("page_name", "caption_id").with_columns(
        rank.over("page_name").fill_nan(0.0).floor().cast(pl.Int64).alias("performance_percentile")
    )
    return frame.with_columns(pl.col("last_used", "last_updated").cast(pl.Int64).cast(pl.Datetime("us", "UTC")))


def derived(frame):
    """The same rows with bounds and score as their counts give them."""
    s, f = frame["successes"].to_numpy(), frame["failures"].to_numpy()
    lower, upper = wilson_bounds(s, f)
    return frame.with_columns(
        confidence_lower_bound=lower, confidence_upper_bound=upper, exploration_score=exploration_bonus(s, f)
    )


def set_at(column, value, *rows):
    """A change: one value in some rows, by default in row 17."""

    def change(frame):
        chosen = pl.int_range(pl.len()).is_in(list(rows or (17,)))
        kind = frame.schema[column]
        return frame.with_columns(pl.when(chosen).then(pl.lit(value, kind)).otherwise(pl.col(column)).alias(column))

    return change
