"""A run in a notebook: its verdict and leaderboard as HTML, every figure of its report as a matplotlib Figure."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from reports.blocks import Picture, Section, Text
from reports.decision import headline
from reports.render import Page, html_fragment
from reports.report import subtitle
from reports.report_input import View, view
from reports.sections.allocation import allocation
from reports.sections.differences import paired_differences
from reports.sections.estimation import estimation
from reports.sections.leaderboard import leaderboard_section
from reports.sections.money import money
from reports.sections.regret import regret
from sim.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from sim.api import Run

SECTION_OF = {
    "regret_curves": regret,
    "regret_curves_log": regret,
    "regret_tails": regret,
    "regret_ranges": regret,
    "paired_differences": paired_differences,
    "regret_differences": paired_differences,
    "allocation": allocation,
    "allocation_best_share": allocation,
    "allocation_entropy": allocation,
    "allocation_cold_share": allocation,
    "allocation_locked_out": allocation,
    "estimation_bias": estimation,
    "estimation_coverage": estimation,
    "revenue_by_tier": money,
    "revenue_differences": money,
}


def figure(run: "Run", name: str, baseline: str | None = None, metric: str = "regret") -> "Figure":
    """One figure of the report; raises InputError, saying why, where this run has none of that name."""
    make = SECTION_OF.get(name)
    if make is None:
        raise InputError(f"there is no figure {name!r}", f"There are {', '.join(SECTION_OF)}.")
    return _picture(make, view(run, baseline, metric), name).figure


def _picture(make: Callable[[View], Section], seen: View, name: str) -> Picture:
    blocks = make(seen).blocks
    found = next((block for block in blocks if isinstance(block, Picture) and block.name == name), None)
    if found is None:
        said = [block.text for block in blocks if isinstance(block, Text) and block.tone == "note"]
        raise InputError(f"this run has no figure {name!r}", " ".join(said))
    return found


def rich_display(run: "Run") -> str:
    """Verdict and leaderboard as HTML."""
    seen = view(run)
    return html_fragment(Page(run.scenario.name, subtitle(seen), headline(seen), [], [leaderboard_section(seen)]))
