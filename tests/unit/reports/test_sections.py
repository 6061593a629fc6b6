"""A section of the report is one file: found by its declaration, in this project or in another package."""

from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from matplotlib.figure import Figure

import sim
from reports.content import FigureBlock, Paragraph, Section
from reports.report_input import ReportInput
from reports.sections import registry
from reports.sections.base import ReportSection
from reports.sections.registry import report_sections, section_of_figure

SCENARIO: dict[str, Any] = {
    "name": "toy",
    "replications": 3,
    "horizon": {"pulls": 50},
    "world": {"kind": "bernoulli", "means": [0.2, 0.8]},
    "policies": ["uniform", "greedy"],
    "record": {"curve_points": 2, "stats": "none"},
}


def toy(data: ReportInput) -> Section:
    names = ", ".join(data.order)
    figure = FigureBlock("toy_figure", "A toy", "Nothing is drawn.", Figure(figsize=(1, 1)))
    return Section("toy", "A section of another package", [Paragraph(f"It sees {names}."), figure])


def offer(monkeypatch: pytest.MonkeyPatch, value: object) -> None:
    """Install a plug-in whose entry point loads `value`, or raises it."""

    class Point(EntryPoint):
        def load(self) -> Any:
            if isinstance(value, Exception):
                raise value
            return value

    point = Point("toy", "toy_package.sections", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point] if group == registry.GROUP else [])


def test_sections_come_in_their_order_and_name_their_figures() -> None:
    sections = report_sections()
    assert [section.order for section in sections] == sorted(section.order for section in sections)
    assert section_of_figure()["regret_tails"].build.__module__ == "reports.sections.regret"


@pytest.mark.slow
def test_a_section_with_its_figure_is_one_module_of_another_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = ModuleType("toy_package.sections")
    module.SECTION = ReportSection(order=35, build=toy, figures=("toy_figure",))  # type: ignore[attr-defined]
    offer(monkeypatch, module)
    run = sim.run(SCENARIO, out=tmp_path / "run")
    text = (run.path / "report.md").read_text("utf-8")
    assert text.index("## Regret over time") < text.index("## A section of another package") < text.index("## Alloc")
    assert "It sees uniform, greedy." in text
    assert (run.path / "figures" / "toy_figure.svg").is_file()
    assert isinstance(run.plot("toy_figure"), Figure)


@pytest.mark.parametrize("value", [ImportError("no module named toy"), "not a section"])
@pytest.mark.slow
def test_a_section_that_cannot_be_loaded_is_said_in_the_report(
    value: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    offer(monkeypatch, value)
    run = sim.run(SCENARIO, out=tmp_path / "run")
    text = (run.path / "report.md").read_text("utf-8")
    assert "The plug-in could not be loaded" in text
    assert "no module named toy" in text or "neither a ReportSection" in text
