"""Compute the table of findings of docs/production-loop.md: `python docs/production_findings.py [NAME …]`.

Each finding is a pair of runs that differ in one switch, paired by replication; both are made under runs/findings, with
each of three seeds.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import sim
from reports.estimators.intervals import Floats, paired_difference
from reports.formatting import interval, markdown_table, number
from reports.scenario_facts import page_months
from reports.tables.rows import by_policy, column

FOLDER, REPLICATIONS, SEEDS = Path("runs/findings"), 40, (7, 8, 9)
POLICY, OTHER = "wilson_sample", "thompson_beta"
SHORT = [f"replications={REPLICATIONS}", f"policies=[{POLICY}, {OTHER}]", "record.stats=none"]
# A loop that can learn: plain score, every message attributed, no loads.
PLAIN = ["selection.score=plain", "feedback.attribution=1", "feedback.loads=null"]
STILL = ["world.drift.sigma_per_week=0"]
MOVING = ["world.drift.sigma_per_week=0.3"]
ONCE = ["feedback.counting=once"]
# One bank that pages share, of as many captions per page as in production. It has the same prices on all pages, as the
# default fleet has.
SHARED = [
    "world.bank={captions: 4000, categories: 15, shared: true}",
    *("world.sends={}", "world.purchases={}", "world.turnover.arrivals_per_week=40"),
]
# Name -> (overrides of production_small, overrides of the changed run).
FINDINGS: dict[str, tuple[list[str], list[str]]] = {
    "counted once, no drift": ([*PLAIN, *STILL], ONCE),
    "counted once, strong drift": ([*PLAIN, *MOVING], ONCE),
    "counted once, as deployed": ([], ONCE),
    "attributed and valued by EMV": ([], ["feedback.attribution=1", "selection.no_row_value=zero"]),
    "no row valued 0, not dollars": ([], ["selection.no_row_value=zero"]),
    "loads daily, not weekly": ([*PLAIN, "feedback.loads={every_hours: 168}"], ["feedback.loads={every_hours: 24}"]),
    "rank defect repaired": ([], ["selection.rank_defect=false"]),
    "4,000 captions, not 400": (PLAIN, ["world.bank.captions=4000"]),
    "agency-wide lock that skips": (SHARED, ["selection.agency_lock=skip"]),
    "agency-wide lock that aborts": (SHARED, ["selection.agency_lock=abort"]),
    "agency-wide lock that skips, plain": ([*PLAIN, *SHARED], ["selection.agency_lock=skip"]),
}
SHOWN = ("explored_share", "recount_factor", "interval_coverage", "captured_share", "unfilled")


def made(overrides: list[str]) -> Any:
    """The run of production_small with these overrides; made once."""
    name = "-".join(part.partition("=")[0].rpartition(".")[2] + part.partition("=")[2] for part in overrides) or "base"
    plain = "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in name)
    folder = FOLDER / plain
    return sim.run("production_small", folder, 1, overrides=[*SHORT, *overrides], resume=True, report=False)


def dollars(run: Any, policy: str) -> Floats:
    """Dollars per page and month of each replication."""
    return column(by_policy(run.replications)[policy], "revenue_usd") / (
        page_months(run.scenario, run.replications) or 1.0
    )


def gain(values: Floats, others: Floats) -> str:
    """Mean paired difference with its 95 % interval."""
    estimate = paired_difference(values, others).estimate
    return f"{number(estimate.value, 3)} {interval(estimate.low, estimate.high, 3)}"


def row(name: str, overrides: list[str], changed: list[str], seed: int) -> list[str]:
    """What the change brings the deployed rule, and what Thompson sampling earns more, before and after."""
    one, two = (made([*own, f"seed={seed}"]) for own in (overrides, [*overrides, *changed]))
    against = [gain(dollars(run, OTHER), dollars(run, POLICY)) for run in (one, two)]
    tail = [np.quantile(dollars(run, POLICY), 0.05) - np.quantile(dollars(run, OTHER), 0.05) for run in (one, two)]
    facts = [_facts(run) for run in (one, two)]
    change = gain(dollars(two, POLICY), dollars(one, POLICY))
    return [name, str(seed), change, *against, *(number(value, 3) for value in tail), *facts]


def _facts(run: Any) -> str:
    rows = by_policy(run.replications)[POLICY]
    return ", ".join(number(float(np.nanmean(column(rows, name))), 3) for name in SHOWN)


def main(names: list[str]) -> None:
    """Print the table."""
    header = [
        "change",
        "seed",
        "$ more",
        "thompson_beta more, before",
        "after",
        "q05 less, before",
        "after",
        *("facts",) * 2,
    ]
    chosen = [(name, *pair) for name, pair in FINDINGS.items() if not names or name in names]
    rows = [row(*finding, seed) for seed in SEEDS for finding in chosen]
    sys.stdout.write(f"{markdown_table(header, rows)}\n\nfacts: {', '.join(SHOWN)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
