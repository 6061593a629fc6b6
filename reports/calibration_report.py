"""calibration.html and calibration.md: how well the calibrated traffic world fits a send log."""

from collections.abc import Sequence
from pathlib import Path

from reports.content import Cell, CodeBlock, Definitions, FigureBlock, Paragraph, Section, TableBlock
from reports.figures.predictive import predictive
from reports.formatting import number, p_value
from reports.render import Report, write_report_files
from sim.calibration.calibrate import Calibration
from sim.calibration.predictive import Prediction
from sim.calibration.text import headline, shown_limits, shown_value


def write_calibration(found: Calibration, folder: Path) -> Path:
    """Write calibration.html, calibration.md and figures/ into a folder; returns the path of calibration.html."""
    return write_report_files(folder, "calibration", calibration_report(found))


def calibration_report(found: Calibration) -> Report:
    """Assumptions first, then simulated against observed quantities, the figures, and what is not identified."""
    return Report(
        title="Calibration",
        subtitle=f"{found.source}: {found.messages:,} messages of {found.days} days",
        headline=headline(found),
        details=[f"{each.assumption}: no; {each.meaning}." for each in found.misfits if each.failed],
        sections=[
            Section("assumptions", "What the model takes for granted", [_assumptions(found)]),
            Section("predictions", "Simulated against observed", [_figure(found), *_tables(found)]),
            Section("figures", "Figures", [_figures(found)]),
            Section("defaults", "Not identified from this log", [_defaults(found)]),
            Section("scenario", "The scenario", [CodeBlock("scenario.yaml", found.text)]),
            Section("provenance", "Where this comes from", [Definitions(_origin(found))]),
        ],
    )


def _assumptions(found: Calibration) -> TableBlock:
    rows = [
        [
            Cell(each.assumption),
            Cell(p_value(each.p_value), each.p_value),
            Cell("no" if each.failed else "not contradicted"),
        ]
        for each in found.misfits
    ]
    return TableBlock("Assumptions, each tested on the log", ["assumption", "p", "holds"], rows)


def _figure(found: Calibration) -> FigureBlock:
    return FigureBlock(
        "predictive",
        "Observed quantities against their distribution under the calibrated model",
        "Distance of the observed value from the mean of the draws, in standard deviations of the draws. Within the "
        "band of ±2 the model produces what was observed.",
        predictive(found),
    )


def _tables(found: Calibration) -> list[TableBlock]:
    whole = "Quantities of the log and of logs of the scenario, simulated with new pages, prices and captions"
    return [
        _quantities("Quantities of the log and of messages drawn anew from the model", found.predictions),
        *([_quantities(whole, found.simulations)] if found.simulations else []),
    ]


def _quantities(title: str, predictions: Sequence[Prediction]) -> TableBlock:
    rows = [
        [
            Cell(each.name),
            Cell(number(each.observed), each.observed),
            Cell(number(each.median), each.median),
            Cell(f"{number(each.low)} to {number(each.high)}", each.low),
            Cell("far" if each.failed else "", each.distance),
        ]
        for each in predictions
    ]
    return TableBlock(title, ["quantity", "observed", "simulated median", "95 % of the draws", ""], rows)


def _figures(found: Calibration) -> TableBlock:
    rows = [
        [Cell(each.key), Cell(shown_value(each)), Cell(shown_limits(each)), Cell(each.note)]
        for each in found.figures
        if each.identified
    ]
    return TableBlock("Figures of the scenario", ["key", "value", "95 % interval", "note"], rows, sortable=False)


def _defaults(found: Calibration) -> TableBlock | Paragraph:
    rows = [[Cell(each.key), Cell(each.note)] for each in found.figures if not each.identified]
    return TableBlock("Figures whose default stands in", ["key", "why"], rows, sortable=False)


def _origin(found: Calibration) -> list[tuple[str, str]]:
    return [("log", found.source), *(("note", note) for note in found.notes)]
