"""The leaderboard, with ranks."""

from typing import Any

from reports.content import Cell, Content, Paragraph, Section, TableBlock
from reports.estimators.intervals import NON_NEGATIVE, mean_interval
from reports.formatting import interval, number, percent, percent_interval
from reports.report_input import ReportInput
from reports.sections.base import ReportSection
from reports.tables.leaderboard import lock_outs


def leaderboard_section(data: ReportInput) -> Section:
    """Means, tails, shares, dollars; the distribution of ranks; the scenario's checks."""
    content: list[Content] = [_board(data)]
    if any(row.get("ci_short") for row in data.summary):
        names = ", ".join(row["policy"] for row in data.summary if row.get("ci_short"))
        content.append(
            Paragraph(f"Too few replications of a skewed quantity: intervals may be short for {names}.", "warning")
        )
    ranks = _ranks(data)
    return Section("leaderboard", "Leaderboard", [*content, *([ranks] if ranks else []), *_checks(data)])


def _board(data: ReportInput) -> TableBlock:
    shown = [row | _dollars(row["policy"], data) | _lock_out(row["policy"], data) for row in data.summary]
    columns = [column for column in _columns(data) if any(row.get(column[1]) is not None for row in shown)]
    rows = [[Cell(row["policy"]), *(_cell(row, key, show) for _, key, show in columns)] for row in shown]
    return TableBlock(
        "Policies, best first: means over replications; q05 to worst 1 % are of regret",
        ["policy", *(title for title, _, _ in columns)],
        rows,
        emphasised=data.leader,
    )


def _columns(data: ReportInput) -> list[tuple[str, str, str]]:
    """(title, column of the summary, how it is shown)."""
    money = [
        ("$ per page and month", "usd_page_month", "number"),
        ("95 % interval, $", "usd_page_month", "usd_page_month"),
    ]
    return [
        *(money if data.money else []),
        ("mean regret", "mean_regret", "number"),
        ("95 % interval", "mean_regret", "ci"),
        ("q05", "q05", "number"),
        ("median", "q50", "number"),
        ("q95", "q95", "number"),
        ("worst 1 %", "worst_regret", "number"),
        ("reward", "mean_reward", "number"),
        ("best arm", "best_share", "percent"),
        ("locked out", lock_outs(one_page=data.scenario.world_kind.one_page), "percent"),
    ]


def _dollars(policy: str, data: ReportInput) -> dict[str, float | None]:
    """Dollars per page and month as the decision has them, with their interval."""
    if policy not in data.dollars:
        return {}
    mean = mean_interval(data.dollars[policy], bounds=NON_NEGATIVE)
    return {"usd_page_month": mean.value, "usd_page_month_low": mean.low, "usd_page_month_high": mean.high}


def _lock_out(policy: str, data: ReportInput) -> dict[str, None]:
    """A dash in place of the share, for a policy of which it says nothing."""
    return dict.fromkeys(("locked_out_share", "locked_out_pages")) if policy in data.never_locked_out else {}


def _cell(row: dict[str, Any], key: str, show: str) -> Cell:
    value = row.get(key)
    if show == "ci":
        return Cell(interval(row["ci_low"], row["ci_high"]), row["ci_low"])
    if show == "usd_page_month":
        low, high = row["usd_page_month_low"], row["usd_page_month_high"]
        return Cell(interval(low, high), low)
    text = percent(value) if show == "percent" else number(value)
    return Cell(text, value)


def _ranks(data: ReportInput) -> TableBlock | None:
    frame = data.table("ranks")
    if frame is None:
        return None
    shares = {(row["policy"], row["rank"]): row["share"] for row in frame.to_dicts()}
    places = range(1, max(rank for _, rank in shares) + 1)
    ranked = [row for row in data.summary if row["policy"] not in data.oracles]
    rows = [
        [*_rank_columns(row), *(_share(shares.get((row["policy"], place), 0.0)) for place in places)] for row in ranked
    ]
    header = ["policy", "P(best)", "its interval", "mean rank", *(f"rank {place}" for place in places)]
    return TableBlock("Ranks by regret: in which share of replications a policy came first, second, …", header, rows)


def _rank_columns(row: dict[str, Any]) -> list[Cell]:
    around = Cell(percent_interval(row["p_best_low"], row["p_best_high"]), row["p_best_low"])
    return [Cell(row["policy"]), _cell(row, "p_best", "percent"), around, _cell(row, "mean_rank", "number")]


def _share(share: float) -> Cell:
    return Cell(percent(share), share, share)


def _checks(data: ReportInput) -> list[Content]:
    checks = data.checks
    if not checks:
        return []
    rows = [[Cell(check.claim), Cell("passed" if check.passed else "FAILED"), Cell(check.detail)] for check in checks]
    return [TableBlock("Checks of the scenario", ["claim", "result", "detail"], rows, sortable=False)]


SECTION = ReportSection(order=10, build=leaderboard_section)
