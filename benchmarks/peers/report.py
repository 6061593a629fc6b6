"""What was measured, as Markdown."""

import argparse
import statistics
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.peers.turns import Match, Work, means
from benchmarks.rivals.rival import Rival

CONFIDENCE = 0.9999


@dataclass(frozen=True)
class Row:
    """Ours against one rival; times are nanoseconds a pull, `low` and `high` bound our mean regret less the rival's."""

    work: Work
    rival: type[Rival]
    failure: str = ""
    replications: int = 0
    ours_cpu: float = 0.0
    rival_cpu: float = 0.0
    ours_wall: float = 0.0
    rival_wall: float = 0.0
    ours_regret: float = 0.0
    rival_regret: float = 0.0
    low: float = 0.0
    high: float = 0.0

    @property
    def ratio(self) -> float:
        """How many times our CPU time a pull the rival needs."""
        return self.rival_cpu / self.ours_cpu

    @property
    def agrees(self) -> bool:
        """Whether the interval holds zero."""
        return self.low <= 0.0 <= self.high


def row(work: Work, match: Match) -> Row:
    """Medians of times, means of regrets, and Welch's interval of the difference of the means."""
    from scipy import stats

    if match.failure:
        return Row(work, match.rival, failure=match.failure)
    ours, theirs = match.ours, match.theirs
    low, high = stats.ttest_ind(ours.regrets, theirs.regrets, equal_var=False).confidence_interval(CONFIDENCE)
    return Row(
        work,
        match.rival,
        replications=len(theirs.regrets),
        ours_cpu=ours.cpu_ns,
        rival_cpu=theirs.cpu_ns,
        ours_wall=ours.wall_ns,
        rival_wall=theirs.wall_ns,
        ours_regret=statistics.fmean(ours.regrets),
        rival_regret=statistics.fmean(theirs.regrets),
        low=float(low),
        high=float(high),
    )


def table(found: Iterable[Row]) -> str:
    """One line per rival, policy and number of arms."""
    lines = [
        "| arms | policy | rival | ours, ns per pull: CPU (wall) | rival: CPU (wall) | ratio of CPU | of wall "
        "| our regret | its regret (replications) | agree |",
        "|--:|---|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    return "\n".join([*lines, *map(line, found)])


def line(row: Row) -> str:
    """One row; a rival that failed says so instead of figures."""
    start = f"| {row.work.arms} | {row.work.policy} | {row.rival.name} |"
    if row.failure:
        return f"{start} – | failed: {cell(row.failure)} | – | – | – | – | – |"
    times = f"{row.ours_cpu:,.0f} ({row.ours_wall:,.0f}) | {row.rival_cpu:,.0f} ({row.rival_wall:,.0f})"
    ratios = f"{times_as_fast(row.ratio)} | {times_as_fast(row.rival_wall / row.ours_wall)}"
    regrets = f"{row.ours_regret:,.1f} | {row.rival_regret:,.1f} ({row.replications:,})"
    agree = f"{'yes' if row.agrees else '**no**'} ({row.low:+,.1f} … {row.high:+,.1f})"
    return f"{start} {times} | {ratios} | {regrets} | {agree} |"


def times_as_fast(ratio: float) -> str:
    """Three digits, so that 99.6 does not pass for 100; whole numbers above."""
    return f"{ratio:.3g} ×" if ratio < 999.5 else f"{ratio:,.0f} ×"


def cell(text: str) -> str:
    """Text that cannot break a table."""
    return " ".join(text.split()).replace("|", "\\|")[:500]


def notes(options: argparse.Namespace, rivals: Iterable[type[Rival]], missing: dict[type[Rival], str]) -> str:
    """What the figures stand for, and what is not among them."""
    problems = "; ".join(f"{arms} arms with means {_describe(means(arms))}" for arms in options.arms)
    lines = [
        f"- {problems}; {options.pulls:,} pulls; ours {options.replications:,} replications a turn, a turn before each "
        f"rival's; medians of {options.rounds} rounds; one thread.",
        "- agree: whether the 99.99 % interval of our mean regret less the rival's, in brackets, holds zero.",
        *(f"- {rival.name}: ours under `refresh_every: {rival.refresh_every}`." for rival in rivals if _waits(rival)),
        *(f"- Left out, being another rule: {text}." for rival in rivals for text in left_out(rival, options.policies)),
        *(f"- {rival.name} did not install here: {cell(why)}" for rival, why in missing.items()),
    ]
    return "\n".join(lines)


def _waits(rival: type[Rival]) -> bool:
    return rival.refresh_every > 1


def _describe(values: list[float]) -> str:
    if len(values) > 12:
        return f"evenly spaced from {values[0]:g} to {values[-1]:g}"
    return ", ".join(f"{value:g}" for value in values)


def left_out(rival: type[Rival], policies: Iterable[str]) -> list[str]:
    """Rules of the same name that are not the same, one text each."""
    return [f"{rival.name}'s {policy} ({why})" for policy, why in rival.other_rules.items() if policy in policies]
