"""What a section of the report declares.

A module of this package, or an entry point of group `caption_bandit_sim.report_sections`, adds a section by defining

    SECTION = ReportSection(order=70, build=my_section, figures=("my_figure",))
"""

from collections.abc import Callable
from dataclasses import dataclass

from reports.content import Section
from reports.report_input import ReportInput


@dataclass(frozen=True)
class ReportSection:
    """A section: its place (lower comes first), how to build it, and the names of the figures that it can hold."""

    order: int
    build: Callable[[ReportInput], Section]
    figures: tuple[str, ...] = ()
