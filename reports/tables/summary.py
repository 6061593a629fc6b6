"""From replications to one row per policy, and one row per pair of policies.

Every number is a mean over replications of a per-replication figure; see `estimators.intervals` for the intervals.
"""

import math
from collections.abc import Collection
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl

from reports.decision.tails import Tails
from reports.estimators.intervals import (
    NON_NEGATIVE,
    QUANTILES,
    Floats,
    holm,
    mean_interval,
    moments,
    quantiles,
    share_interval,
)
from reports.estimators.ranks import Ranks, ranks, regrets
from reports.tables.currencies import MISSED, missed_columns
from reports.tables.rows import by_policy, column

SUMMARY_SCHEMA: dict[str, pl.DataType] = {
    "policy": pl.String(),
    "replications": pl.Int64(),
    "mean_regret": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    **{f"q{round(100 * level):02d}": pl.Float64() for level in QUANTILES},
    "mean_reward": pl.Float64(),
    "revenue_usd": pl.Float64(),
    "best_share": pl.Float64(),
    "locked_out_share": pl.Float64(),
    "locked_out_low": pl.Float64(),
    "locked_out_high": pl.Float64(),
    "locked_out_pages": pl.Float64(),
    "sd_regret": pl.Float64(),
    "ci_method": pl.String(),
    "mean_pulls": pl.Float64(),
    "mean_regret_usd": pl.Float64(),
    "q01": pl.Float64(),
    "worst_regret": pl.Float64(),
    "worst_replications": pl.Int64(),
    "ci_short": pl.Boolean(),
    "skewness": pl.Float64(),
    "p_best": pl.Float64(),
    "p_best_low": pl.Float64(),
    "p_best_high": pl.Float64(),
    "mean_rank": pl.Float64(),
    "ever_locked_share": pl.Float64(),
    "ever_locked_low": pl.Float64(),
    "ever_locked_high": pl.Float64(),
    "median_locked_since": pl.Float64(),
    "usd_page_month": pl.Float64(),
    "usd_page_month_low": pl.Float64(),
    "usd_page_month_high": pl.Float64(),
    **{name: pl.Float64() for name in MISSED.values()},
}
PAIRS_SCHEMA: dict[str, pl.DataType] = {
    "policy": pl.String(),
    "other": pl.String(),
    "difference": pl.Float64(),
    "ci_low": pl.Float64(),
    "ci_high": pl.Float64(),
    "p_value": pl.Float64(),
    "p_adjusted": pl.Float64(),
    "ci_method": pl.String(),
    "ci_short": pl.Boolean(),
}
WORST_SHARE = 0.01


def summary_frame(
    replications: pl.DataFrame,
    oracles: Collection[str] = (),
    page_months: float | None = None,
    tails: Tails | None = None,
) -> pl.DataFrame:
    """One row per policy, in the order of `replications.parquet`; means, 95 % intervals, quantiles, shares.

    `oracles` take no part in ranks; `page_months` is what a replication's revenue is divided by, pages × months.
    `tails` says which policies can lock out the best caption.
    """
    known, found = tails or Tails(), ranks(regrets(replications), oracles)
    by_name = by_policy(replications)
    lost = missed_columns(by_name, oracles)
    rows = [
        _policy_row(name, rows, known)
        | _tail(name, rows, known)
        | _rank_columns(found.get(name))
        | _locks(rows)
        | _money(rows, page_months)
        | lost.get(name, {})
        for name, rows in by_name.items()
    ]
    return pl.DataFrame(rows, schema=SUMMARY_SCHEMA)


def pairs_frame(replications: pl.DataFrame, tails: Tails | None = None) -> pl.DataFrame:
    """One row per pair of policies: mean regret of `policy` minus that of `other`, paired by replication.

    `p_adjusted` is Holm's over all pairs.
    """
    regret = {name: column(rows, "regret") for name, rows in by_policy(replications).items()}
    known = tails or Tails()
    rows = [_pair_row(one, other, regret[one], regret[other], known) for one, other in combinations(regret, 2)]
    adjusted = holm([row["p_value"] for row in rows])
    rows = [{**row, "p_adjusted": p} for row, p in zip(rows, adjusted, strict=True)]
    return pl.DataFrame(rows, schema=PAIRS_SCHEMA)


def _policy_row(name: str, rows: pl.DataFrame, tails: Tails) -> dict[str, Any]:
    regret = column(rows, "regret")
    estimate = tails.mean(name, regret, metric="regret", bounds=NON_NEGATIVE)
    locked_out = tails.locked_out(name, column(rows, "locked_out"))
    levels = [f"q{round(100 * level):02d}" for level in QUANTILES]
    return {
        "policy": name,
        "replications": len(rows),
        "mean_regret": estimate.value,
        "ci_low": estimate.low,
        "ci_high": estimate.high,
        **dict(zip(levels, quantiles(regret), strict=True)),
        "mean_reward": _mean(rows, "reward"),
        "revenue_usd": _mean(rows, "revenue_usd"),
        "best_share": _mean(rows, "best_share"),
        "locked_out_share": locked_out.value,
        "locked_out_low": locked_out.low,
        "locked_out_high": locked_out.high,
        "locked_out_pages": _mean(rows, "locked_out_pages"),
        "sd_regret": moments(regret).sd if len(rows) > 1 else None,
        "ci_method": estimate.method,
        "mean_pulls": _mean(rows, "pulls"),
        "mean_regret_usd": _mean(rows, "regret_usd"),
    }


def _tail(name: str, rows: pl.DataFrame, tails: Tails) -> dict[str, Any]:
    """What the mean hides; the worst are 1 % of the replications, rounded up (expected shortfall)."""
    regret = column(rows, "regret")
    worst = np.sort(regret)[-math.ceil(WORST_SHARE * len(regret)) :]
    return {
        "q01": quantiles(regret, [0.01])[0],
        "worst_regret": math.fsum(worst) / len(worst),
        "worst_replications": len(worst),
        "ci_short": tails.may_undercover((name, None), regret),
        "skewness": moments(regret).skewness,
    }


def _rank_columns(found: Ranks | None) -> dict[str, Any]:
    if found is None:
        return {}
    best = share_interval(int((found == 1).sum()), len(found))
    limits = {"p_best": best.value, "p_best_low": best.low, "p_best_high": best.high}
    return {**limits, "mean_rank": int(found.sum()) / len(found)}


def _locks(rows: pl.DataFrame) -> dict[str, Any]:
    ever = share_interval(int(rows["ever_locked"].sum()), len(rows))
    return {
        "ever_locked_share": ever.value,
        "ever_locked_low": ever.low,
        "ever_locked_high": ever.high,
        "median_locked_since": rows["locked_since"].median(),
    }


def _money(rows: pl.DataFrame, page_months: float | None) -> dict[str, Any]:
    if page_months is None:
        return {}
    estimate = mean_interval(column(rows, "revenue_usd") / page_months, bounds=NON_NEGATIVE)
    names = ("usd_page_month", "usd_page_month_low", "usd_page_month_high")
    return dict(zip(names, (estimate.value, estimate.low, estimate.high), strict=True))


def _mean(rows: pl.DataFrame, name: str) -> float | None:
    values = column(rows, name)
    return None if np.isnan(values).any() else moments(values).mean


def _pair_row(one: str, other: str, values: Floats, others: Floats, tails: Tails) -> dict[str, Any]:
    difference = tails.difference((one, other), values, others, metric="regret")
    estimate = difference.estimate
    return {
        "policy": one,
        "other": other,
        "difference": estimate.value,
        "ci_low": estimate.low,
        "ci_high": estimate.high,
        "p_value": difference.p_value,
        "ci_method": estimate.method,
        "ci_short": tails.may_undercover((one, other), values - others),
    }
