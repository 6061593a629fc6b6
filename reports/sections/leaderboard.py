"""The leaderboard, with ranks."""

from typing import Any

from reports.blocks import Block, Cell, Section, Table, Text
from reports.formatting import interval, number, percent, percent_interval
from reports.report_input import View


def leaderboard_section(view: View) -> Section:
    """Means, tails, shares, dollars; the distribution of ranks; the scenario's checks."""
    blocks: list[Block] = [_board(view)]
    if any(row.get("ci_short") for row in view.summary):
        names = ", ".join(row["policy"] for row in view.summary if row.get("ci_short"))
        blocks.append(
            Text(f"Too few replications of a skewed quantity: intervals may be short for {names}.", "warning")
        )
    ranks = _ranks(view)
    return Section("leaderboard", "Leaderboard", [*blocks, *([ranks] if ranks else []), *_checks(view)])


def _board(view: View) -> Table:
    columns = [column for column in _columns(view) if any(row.get(column[1]) is not None for row in view.summary)]
    rows = [[Cell(row["policy"]), *(_cell(row, key, show) for _, key, show in columns)] for row in view.summary]
    return Table(
        "Policies, best first: means and quantiles over replications",
        ["policy", *(title for title, _, _ in columns)],
        rows,
        emphasised=view.leader,
    )


def _columns(view: View) -> list[tuple[str, str, str]]:
    """(title, column of the summary, how it is shown)."""
    money = [
        ("$ a page and month", "usd_page_month", "number"),
        ("95 % interval, $", "usd_page_month", "usd_page_month"),
    ]
    if view.money and "usd_page_month" not in view.run.summary.columns:
        money = [("revenue, $", "revenue_usd", "number")]
    return [
        ("mean regret", "mean_regret", "number"),
        ("95 % interval", "mean_regret", "ci"),
        ("q05", "q05", "number"),
        ("median", "q50", "number"),
        ("q95", "q95", "number"),
        ("worst 1 %", "worst_regret", "number"),
        ("reward", "mean_reward", "number"),
        *(money if view.money else []),
        ("best arm", "best_share", "percent"),
        ("locked out", "locked_out_share", "percent"),
    ]


def _cell(row: dict[str, Any], key: str, show: str) -> Cell:
    value = row.get(key)
    if show == "ci":
        return Cell(interval(row["ci_low"], row["ci_high"]), row["ci_low"])
    if show == "usd_page_month":
        low, high = row["usd_page_month_low"], row["usd_page_month_high"]
        return Cell(interval(low, high), low)
    text = percent(value) if show == "percent" else number(value)
    return Cell(text, value)


def _ranks(view: View) -> Table | None:
    frame = view.table("ranks")
    if frame is None:
        return None
    shares = {(row["policy"], row["rank"]): row["share"] for row in frame.to_dicts()}
    places = range(1, max(rank for _, rank in shares) + 1)
    ranked = [row for row in view.summary if row["policy"] not in view.oracles]
    rows = [[*_standing(row), *(_share(shares.get((row["policy"], place), 0.0)) for place in places)] for row in ranked]
    header = ["policy", "P(best)", "interval of that", "mean rank", *(f"rank {place}" for place in places)]
    return Table("Ranks by regret: in which share of replications a policy came first, second, …", header, rows)


def _standing(row: dict[str, Any]) -> list[Cell]:
    around = Cell(percent_interval(row["p_best_low"], row["p_best_high"]), row["p_best_low"])
    return [Cell(row["policy"]), _cell(row, "p_best", "percent"), around, _cell(row, "mean_rank", "number")]


def _share(share: float) -> Cell:
    return Cell(percent(share), share, share)


def _checks(view: View) -> list[Block]:
    checks = view.run.checks
    if not checks:
        return []
    rows = [[Cell(check.claim), Cell("passed" if check.passed else "FAILED"), Cell(check.detail)] for check in checks]
    return [Table("Checks of the scenario", ["claim", "result", "detail"], rows, sortable=False)]
