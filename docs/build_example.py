"""Write docs/example.ipynb, executed: `python docs/build_example.py`. A test holds the file to a fresh execution.

The cells stand in this file as Markdown and Python; outputs are what a notebook would show of each cell's last value:
rich HTML, a figure, or text. The notebook opens in Jupyter as any other; building it needs nothing but this project.
"""

import ast
import base64
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from matplotlib.figure import Figure

from reports.figures.style import png

TARGET = Path(__file__).with_name("example.ipynb")
CELLS = (
    (
        "markdown",
        "# Which policy?\n\nA small run of the textbook scenario, and what can be asked of it. The same "
        "calls work on any run folder.",
    ),
    (
        "code",
        'import sim\n\noverrides = ["replications=100", "horizon.pulls=2000"]\n'
        'run = sim.run("textbook", out="example", overrides=overrides, report=False)\nrun',
    ),
    ("markdown", "Every table is a polars frame; `docs/data-dictionary.md` says what its columns are."),
    ("code", 'run.summary.select("policy", "mean_regret", "ci_low", "ci_high", "q95", "p_best")'),
    ("code", 'run.pairs.filter(other="thompson_beta").select("policy", "other", "difference", "p_adjusted")'),
    ("markdown", "Every figure of the report is a method that returns a matplotlib Figure."),
    ("code", "run.plot_regret(logarithmic=True)"),
    ("code", 'run.plot_differences(baseline="thompson_beta")'),
    ("markdown", "One replication on its own: what the table would hold at its end."),
    (
        "code",
        'run.stats("wilson_sample", 99).select("caption_id", "successes", "failures").head(3)',
    ),
    ("markdown", "The whole report, as one page:"),
    ("code", "run.report().name"),
)


def notebook() -> dict[str, Any]:
    """The executed notebook, in the format of nbformat 4.5."""
    names: dict[str, Any] = {}
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            cells = [_cell(place, kind, text, names) for place, (kind, text) in enumerate(CELLS)]
        finally:
            os.chdir(before)
    about = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return {"cells": cells, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def _cell(place: int, kind: str, text: str, names: dict[str, Any]) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{place}", "metadata": {}, "source": _lines(text)}
    if kind == "code":
        count = 1 + sum(each == "code" for each, _ in CELLS[:place])
        output: dict[str, Any] = {
            "output_type": "execute_result",
            "execution_count": count,
            "metadata": {},
            "data": _shown(text, names),
        }
        cell |= {"execution_count": count, "outputs": [output]}
    return cell


def _shown(text: str, names: dict[str, Any]) -> dict[str, Any]:
    """Run a cell, and show the value of its last expression."""
    tree = ast.parse(text)
    last = tree.body.pop()
    if not isinstance(last, ast.Expr):
        raise TypeError(f"the cell ends without a value to show: {text!r}")
    exec(compile(tree, "<cell>", "exec"), names)  # noqa: S102 - our own cells, above
    value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)  # noqa: S307
    if isinstance(value, Figure):
        return {"image/png": base64.b64encode(png(value)).decode() + "\n", "text/plain": ["<Figure>"]}
    plain = {"text/plain": _lines(repr(value))}
    return plain | ({"text/html": _lines(value._repr_html_())} if hasattr(value, "_repr_html_") else {})


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def as_text(content: dict[str, Any]) -> str:
    """As Jupyter writes it."""
    return json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    TARGET.write_text(as_text(notebook()), encoding="utf-8", newline="\n")
