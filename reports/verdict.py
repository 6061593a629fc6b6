"""The answer in plain words: who leads, over whom, and what the mean hides."""

from dataclasses import dataclass
from typing import Any

from reports.words import interval, number, percent

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Comparison:
    """A policy against the leader: how much more regret it has, paired by replication."""

    policy: str
    excess: float
    low: float | None
    high: float | None
    p_adjusted: float | None

    @property
    def told_apart(self) -> bool:
        """Whether the difference is significant after Holm's adjustment."""
        return self.p_adjusted is not None and self.p_adjusted < SIGNIFICANT


def leader(summary: list[dict[str, Any]], oracles: set[str]) -> dict[str, Any]:
    """The row of least mean regret; an oracle, which knows the truth, leads only where nobody else runs."""
    rivals = [row for row in summary if row["policy"] not in oracles] or summary
    return min(rivals, key=lambda row: row["mean_regret"])


def against(leading: str, pairs: list[dict[str, Any]]) -> list[Comparison]:
    """Every other policy against the leader, nearest first."""
    found = [_comparison(leading, row) for row in pairs if leading in (row["policy"], row["other"])]
    return sorted(found, key=lambda comparison: comparison.excess)


def _comparison(leading: str, row: dict[str, Any]) -> Comparison:
    if row["other"] == leading:
        return Comparison(row["policy"], row["difference"], row["ci_low"], row["ci_high"], row["p_adjusted"])
    low, high = (None if x is None else -x for x in (row["ci_high"], row["ci_low"]))
    return Comparison(row["other"], -row["difference"], low, high, row["p_adjusted"])


def sentences(
    first: dict[str, Any], comparisons: list[Comparison], oracles: set[str], deployed: set[str], unit: str
) -> list[str]:
    """The verdict: the leader, its rivals, its tail, and where the deployed rule stands."""
    rivals = [each for each in comparisons if each.policy not in oracles]
    told = [_lead(first, unit), *_rivals(rivals), _tail(first)]
    return told + [_deployed(each) for each in rivals if each.policy in deployed]


def _lead(first: dict[str, Any], unit: str) -> str:
    limits = interval(first["ci_low"], first["ci_high"], 3)
    return (
        f"{first['policy']} has the lowest mean regret: {number(first['mean_regret'], 3)} {unit} a replication"
        f"{'' if limits == '–' else f', 95 % interval {limits}'}."
    )


def _rivals(rivals: list[Comparison]) -> list[str]:
    if not rivals:
        return []
    if all(each.p_adjusted is None for each in rivals):
        return ["One replication cannot tell policies apart."]
    alike = [each.policy for each in rivals if not each.told_apart]
    if not alike:
        near = rivals[0]
        limits = interval(near.low, near.high, 3)
        return [f"It beats every other policy; the nearest, {near.policy}, has {number(near.excess, 3)} {limits} more."]
    return [f"These replications cannot tell it apart from {_listed(alike)}."]


def _tail(first: dict[str, Any]) -> str:
    locked = first["locked_out_share"]
    tail = f"Behind its mean: one replication in twenty exceeds {number(first['q95'], 3)}"
    if not locked:
        return tail + ", and none ends locked out of the best caption."
    return tail + f", and {percent(locked)} end locked out, with no chance of sending the best caption next."


def _deployed(each: Comparison) -> str:
    limits = interval(each.low, each.high, 3)
    if not each.told_apart:
        return f"The deployed rule, {each.policy}, is not shown to be worse ({number(each.excess, 3)} {limits} more)."
    return f"The deployed rule, {each.policy}, has {number(each.excess, 3)} {limits} more regret than the leader."


def _listed(names: list[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} others"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
