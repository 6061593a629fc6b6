"""The sections of a report, in the order in which they answer: which, how sure, what can go wrong, why."""

from collections.abc import Callable

from reports.blocks import Section
from reports.report_input import View
from reports.sections.allocation import allocation
from reports.sections.definitions import words
from reports.sections.differences import paired_differences
from reports.sections.estimation import estimation
from reports.sections.leaderboard import leaderboard_section
from reports.sections.money import money
from reports.sections.provenance import provenance
from reports.sections.regret import regret

SECTIONS: tuple[Callable[[View], Section], ...] = (
    leaderboard_section,
    paired_differences,
    regret,
    allocation,
    estimation,
    money,
    words,
    provenance,
)
