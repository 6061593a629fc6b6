"""The leaderboard: policies by mean regret, with what a mean hides beside it."""

from dataclasses import dataclass

import polars as pl

from reports.decision.inputs import DecisionInput
from reports.estimators.intervals import mean_interval
from reports.formatting import interval, number, percent


@dataclass(frozen=True)
class Leaderboard:
    """Header and rows as text, best policy first."""

    header: list[str]
    rows: list[list[str]]


def lock_outs(*, one_page: bool) -> str:
    """The column of the summary: the share of replications that end locked out, or of pages where there are many."""
    return "locked_out_share" if one_page else "locked_out_pages"


def leaderboard(summary: pl.DataFrame, unit: str, *, long: bool = False, one_page: bool = True) -> Leaderboard:
    """Policies by mean regret in `unit`; `long` adds median, far quantile and reward, money is shown where it is."""
    ranked = summary.sort("mean_regret", maintain_order=True).to_dicts()
    money = any(row["revenue_usd"] for row in ranked)
    header = ["policy", f"regret, {unit}", "95 % interval", *(["median"] if long else []), "q95"]
    header += [*(["q99"] if long else []), "locked out", "best arm", *(["reward"] if long else [])]
    header += ["revenue $"] if money else []
    return Leaderboard(header, [_row(row, long, money, lock_outs(one_page=one_page)) for row in ranked])


def _row(row: dict[str, float], long: bool, money: bool, lock_out: str) -> list[str]:
    cells = [str(row["policy"]), number(row["mean_regret"]), interval(row["ci_low"], row["ci_high"])]
    cells += [number(row["q50"])] if long else []
    cells += [number(row["q95"])]
    cells += [number(row["q99"])] if long else []
    cells += [percent(row[lock_out]), percent(row["best_share"])]
    cells += [number(row["mean_reward"])] if long else []
    return cells + ([number(row["revenue_usd"])] if money else [])


def money_board(summary: pl.DataFrame, given: DecisionInput) -> Leaderboard:
    """Policies by money, in the decision's unit; shortfall is what the oracle earns more in the same replications."""
    rows = {str(row["policy"]): row for row in summary.to_dicts()}
    ranked = sorted(rows, key=lambda name: -float(given.values[name].mean()))
    header = ["policy", "$/page /month", "95 % interval", "shortfall, $", "locked out", "best arm"]
    return Leaderboard(header, [_money_row(name, rows[name], given) for name in ranked])


def _money_row(name: str, row: dict[str, float], given: DecisionInput) -> list[str]:
    own = mean_interval(given.values[name])
    short = None if given.oracle is None else float((given.values[given.oracle] - given.values[name]).mean())
    shares = [percent(row[lock_outs(one_page=False)]), percent(row["best_share"])]
    return [name, number(own.value), interval(own.low, own.high, 3), number(short, 3), *shares]
