"""The gallery and the example notebook: built by one command each, and current."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from reports.sections.registry import section_of_figure
from scenarios import names

DOCS = Path(__file__).parents[3] / "docs"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def without_pictures(notebook: dict[str, Any]) -> Any:
    """Everything but the pixels, which another version of a drawing library may place differently."""
    text = re.sub(r'"image/png": "[^"]*"', '"image/png": ""', json.dumps(notebook))
    return json.loads(text)


@pytest.mark.slow
def test_the_example_notebook_is_what_a_fresh_execution_gives() -> None:
    there = json.loads((DOCS / "example.ipynb").read_text("utf-8"))
    fresh = script("build_example").notebook()
    assert without_pictures(there) == without_pictures(fresh), "run `python docs/build_example.py`"


def test_the_example_shows_tables_figures_and_the_verdict() -> None:
    there = json.loads((DOCS / "example.ipynb").read_text("utf-8"))
    assert (there["nbformat"], there["nbformat_minor"]) == (4, 5)
    shown = [output["data"] for cell in there["cells"] for output in cell.get("outputs", [])]
    assert sum("image/png" in data for data in shown) >= 2
    assert sum("text/html" in data for data in shown) >= 4
    assert len({cell["id"] for cell in there["cells"]}) == len(there["cells"])


def test_the_gallery_shows_every_shipped_scenario_that_needs_no_data() -> None:
    text = (DOCS / "gallery.md").read_text("utf-8")
    gallery = script("build_gallery")
    studied = {"many_captions"} | {name for name in names() if name.startswith("production")}  # docs/production-loop.md
    assert set(gallery.SHOWN) | {"headline_tests"} | studied == set(names())
    assert all(figure in section_of_figure() for shown in gallery.SHOWN.values() for figure, _ in shown)
    assert re.findall(r"^## (\w+)$", text, flags=re.M) == list(gallery.SHOWN)
    linked = set(re.findall(r"\(gallery/([\w-]+\.svg)\)", text))
    assert linked == {f"{name}-{figure}.svg" for name, shown in gallery.SHOWN.items() for figure, _ in shown}
    assert linked == {path.name for path in (DOCS / "gallery").glob("*")}
    assert all(path.stat().st_size < 300_000 for path in (DOCS / "gallery").glob("*"))


@pytest.mark.long
def test_the_gallery_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    gallery = script("build_gallery")
    small = ["replications=2", "horizon.pulls=100"]
    pages = [
        gallery.build(tmp_path / side, tmp_path / f"runs_{side}", overrides=small, only=["cold_start"])
        for side in ("a", "b")
    ]
    assert pages[0].read_bytes() == pages[1].read_bytes()
    figures = [sorted((page.parent / "gallery").iterdir()) for page in pages]
    assert [path.read_bytes() for path in figures[0]] == [path.read_bytes() for path in figures[1]]
    assert len(figures[0]) == len(gallery.SHOWN["cold_start"])


@pytest.mark.long
def test_the_gallery_is_what_the_shipped_scenarios_give(tmp_path: Path) -> None:
    page = script("build_gallery").build(tmp_path / "docs", tmp_path / "runs")
    assert page.read_text("utf-8") == (DOCS / "gallery.md").read_text("utf-8"), "run `python docs/build_gallery.py`"
