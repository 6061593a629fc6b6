"""The leaderboard: policies by mean regret, with what a mean hides beside it."""

from dataclasses import dataclass

import polars as pl

from reports.formatting import interval, number, percent


@dataclass(frozen=True)
class Leaderboard:
    """Header and rows as text, best policy first."""

    header: list[str]
    rows: list[list[str]]


def leaderboard(summary: pl.DataFrame, *, long: bool = False) -> Leaderboard:
    """Policies by mean regret; `long` adds median, far quantile and reward. Money is left out where there is none."""
    ranked = summary.sort("mean_regret", maintain_order=True).to_dicts()
    money = any(row["revenue_usd"] for row in ranked)
    header = ["policy", "mean regret", "95 % interval", *(["median"] if long else []), "q95"]
    header += [*(["q99"] if long else []), "locked out", "best arm", *(["reward"] if long else [])]
    header += ["revenue $"] if money else []
    return Leaderboard(header, [_row(row, long, money) for row in ranked])


def _row(row: dict[str, float], long: bool, money: bool) -> list[str]:
    cells = [str(row["policy"]), number(row["mean_regret"]), interval(row["ci_low"], row["ci_high"])]
    cells += [number(row["q50"])] if long else []
    cells += [number(row["q95"])]
    cells += [number(row["q99"])] if long else []
    cells += [percent(row["locked_out_share"]), percent(row["best_share"])]
    cells += [number(row["mean_reward"])] if long else []
    return cells + ([number(row["revenue_usd"])] if money else [])
