"""What the project promises of its speed, against what was measured."""

from collections.abc import Iterable

from benchmarks.peers.report import Row, times_as_fast
from benchmarks.rivals.plain_numpy import PlainNumPy

BARS = {("kl_ucb", 100): 80.0, ("thompson_beta", 10): 60.0, ("thompson_beta", 100): 15.0}
"""Times as fast as the best rival, by policy and number of arms; 100 elsewhere. Beta draws are a limit of their own."""
USUAL_BAR = 100.0


def bars_table(found: Iterable[Row]) -> str:
    """For every policy and number of arms the strongest package, in batches and not, plain NumPy, and the bars."""
    lines = [
        "| policy | arms | bar | best package, pull by pull | ratio of CPU | met | best in batches | of CPU | met "
        "| plain NumPy over replications (no package) |",
        "|---|--:|--:|---|--:|---|---|--:|---|--:|",
    ]
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in found:
        group = groups.setdefault((row.work.policy, row.work.arms), [])
        group += [] if row.failure else [row]
    return "\n".join([*lines, *(_line(*key, group) for key, group in groups.items())])


def _line(policy: str, arms: int, group: list[Row]) -> str:
    bar = BARS.get((policy, arms), USUAL_BAR)
    vectorised = [row for row in group if row.rival is PlainNumPy]
    others = [row for row in group if row not in vectorised]
    single = [row for row in others if row.rival.refresh_every == 1]
    batches = [row for row in others if row.rival.refresh_every > 1]
    beside = times_as_fast(vectorised[0].ratio) if vectorised else "–"
    return f"| {policy} | {arms} | {bar:.0f} × | {_verdict(single, bar)} | {_verdict(batches, bar)} | {beside} |"


def _verdict(group: list[Row], bar: float) -> str:
    best = strongest(group)
    if best is None:
        return "– | – | –"
    name = best.rival.name if best.rival.is_package else f"none has it: {best.rival.name}"
    return f"{name} | {times_as_fast(best.ratio)} | {'yes' if best.ratio >= bar else '**no**'}"


def strongest(group: list[Row]) -> Row | None:
    """The rival with the least ratio; what is no package counts only where no package has the rule."""
    packages = [row for row in group if row.rival.is_package]
    return min(packages or group, key=lambda row: row.ratio, default=None)
