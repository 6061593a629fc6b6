"""Every section that a report can have: one file each in `reports.sections`, or an entry point of another package."""

import importlib
import pkgutil
from collections.abc import Iterator
from importlib.metadata import entry_points

import reports.sections
from policies import plugin
from reports.content import Section, absent
from reports.report_input import ReportInput
from reports.sections.base import ReportSection

GROUP = "caption_bandit_sim.report_sections"
NOT_SECTIONS = {"base", "registry"}
LAST = 1_000  # the order of the note on a plug-in that cannot be loaded


def report_sections() -> list[ReportSection]:
    """All sections, in the order of the report."""
    return sorted([*_own(), *_plugins()], key=lambda section: section.order)


def build_sections(data: ReportInput) -> list[Section]:
    """The content of every section for one run."""
    return [section.build(data) for section in report_sections()]


def section_of_figure() -> dict[str, ReportSection]:
    """The section that draws each figure, by the figure's name."""
    return {name: section for section in report_sections() for name in section.figures}


def _own() -> Iterator[ReportSection]:
    for found in pkgutil.iter_modules(reports.sections.__path__):
        if found.name not in NOT_SECTIONS:
            module = importlib.import_module(f"{reports.sections.__name__}.{found.name}")
            yield _declared(module.SECTION, module.__name__)


def _plugins() -> Iterator[ReportSection]:
    for point in entry_points(group=GROUP):
        try:
            loaded = plugin.load(point)
            yield _declared(getattr(loaded, "SECTION", loaded), point.value)
        except Exception as error:  # noqa: BLE001 - code of another package may raise anything
            yield _not_loaded(point.name, f"{type(error).__name__}: {error}")


def _declared(section: object, where: str) -> ReportSection:
    if not isinstance(section, ReportSection):
        raise TypeError(f"{where} is neither a ReportSection nor a module with one called SECTION")
    return section


def _not_loaded(name: str, why: str) -> ReportSection:
    """A note in the report: a missing section must not go unnoticed."""
    return ReportSection(LAST, lambda _: absent(f"plugin-{name}", name, f"The plug-in could not be loaded: {why}"))
