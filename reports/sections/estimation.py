"""What the table stores against the truth."""

import math
from typing import Any

import numpy as np
import polars as pl

from reports.content import Cell, FigureBlock, Paragraph, Section, TableBlock, absent
from reports.estimators.intervals import Floats
from reports.figures.by_bin import Binned, by_bin
from reports.formatting import number, percent
from reports.report_input import ReportInput
from reports.sections.base import ReportSection

TITLE = "Estimation"
WARNING = (
    "Sample means of an adaptive policy are biased (Nie et al. 2018; Shin, Ramdas & Rinaldo 2019): a caption that "
    "was unlucky "
    "early is sent no more, and its bad luck stays in the table. Do not read stored rates as unbiased estimates. "
    "Of a run with `record: {sends: true}`, `python -m sim evaluate` gives estimates that remain valid."
)


def estimation(data: ReportInput) -> Section:
    """Bias and coverage by true rank, and overall."""
    frame = data.table("estimation")
    if frame is None:
        return absent("estimation", TITLE, _why(data))
    ranks = frame.filter(pl.col("by") == "rank")
    bins = ranks["bin"].unique(maintain_order=True).to_list()
    across = "true rank of the caption at the end"
    return Section(
        "estimation",
        TITLE,
        [
            Paragraph(WARNING, "warning"),
            FigureBlock(
                "estimation_bias",
                "Bias of the sample mean by true rank of the caption, each policy",
                "Mean of sample mean − true rate over captions with an outcome. Dashed: no bias.",
                by_bin(
                    _binned(data, ranks, bins, "bias"),
                    bins,
                    data.places,
                    across=across,
                    quantity="bias of the sample mean (rate)",
                    target=0.0,
                ),
            ),
            FigureBlock(
                "estimation_coverage",
                "Coverage of the stored 95 % interval by true rank of the caption, each policy",
                "Share of captions whose true rate lies in the stored interval. Dashed: the nominal 95 %.",
                by_bin(
                    _binned(data, ranks, bins, "coverage"),
                    bins,
                    data.places,
                    across=across,
                    quantity="coverage",
                    target=0.95,
                    share=True,
                ),
            ),
            _overall(data, ranks),
        ],
    )


def _why(data: ReportInput) -> str:
    if data.table("exploration") is None:
        return "This run recorded no statistics against the truth: there is no estimation.parquet."
    return (
        "Left out: here a label compares a send with a moving median, so the probability of a success, which the "
        "stored rates "
        "estimate, is not known."
    )


def _binned(data: ReportInput, frame: pl.DataFrame, bins: list[str], key: str) -> list[Binned]:
    found = {(row["policy"], row["bin"]): row[key] for row in frame.to_dicts()}
    return [Binned(name, np.array([_known(found.get((name, each))) for each in bins])) for name in data.order]


def _known(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _overall(data: ReportInput, frame: pl.DataFrame) -> TableBlock:
    header = ["policy", "captions", "labels each", "bias", "error (rmse)", "stored interval's width", "coverage"]
    rows = [_row(name, frame.filter(pl.col("policy") == name).to_dicts()) for name in data.ranked]
    return TableBlock("Over all captions of all replications that have an outcome", header, rows)


def _row(name: str, bins: list[dict[str, Any]]) -> list[Cell]:
    weight = np.array([row["captions"] for row in bins], dtype=float)

    def mean(key: str, power: int = 1) -> float:
        values: Floats = np.array([_known(row[key]) for row in bins]) ** power
        return float((weight * values).sum() / weight.sum()) if weight.sum() else float("nan")

    numbers = [mean("labels"), mean("bias"), math.sqrt(mean("rmse", 2)), mean("width")]
    captions, coverage = float(weight.sum()), mean("coverage")
    cells = [Cell(number(value), value) for value in numbers]
    return [Cell(name), Cell(f"{captions:,.0f}", captions), *cells, Cell(percent(coverage), coverage)]


SECTION = ReportSection(order=50, build=estimation, figures=("estimation_bias", "estimation_coverage"))
