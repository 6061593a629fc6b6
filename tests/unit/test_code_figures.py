"""The source code keeps to the measures that CONTRIBUTING.md states; `scripts/code_figures.py` measures correctly."""

import ast
import runpy
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "code_figures.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


@pytest.fixture(scope="module")
def ours(script: dict[str, Any]) -> Any:
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout: the script measures the files that git tracks")
    return script["measure"](script["tracked"](ROOT))


def test_functions_are_short(ours: Any) -> None:
    assert ours.functions > 1000
    assert ours.median <= 6
    assert ours.p90 <= 14


def test_no_modules_import_in_a_circle(ours: Any) -> None:
    assert ours.circles == []


def test_parameters_have_precise_types(ours: Any) -> None:
    assert ours.total.any_parameters <= 0.08 * ours.total.parameters


def test_tests_are_about_as_long_as_the_source(ours: Any) -> None:
    assert ours.total.test_lines >= 0.88 * ours.total.source_lines


SMALL = {
    "sim/__init__.py": "",
    "sim/runs/__init__.py": "",
    "sim/runs/merge.py": "from typing import Any\n\ndef merge(a: Any, *b: int, **c: Any):\n    return a\n",
    "policies/greedy.py": "class Greedy:\n    def score(self, n, s: 'Any'):\n        # why\n\n        return s\n",
    "tests/unit/runs/test_merge.py": "one\ntwo\n",
    "tests/unit/policies/test_greedy.py": "one\n",
    "tests/end_to_end/test_run.py": "one\ntwo\nthree\n",
    "docs/build.py": "def ignored(a: Any):\n    pass\n",
}


def test_every_line_and_parameter_is_counted_once(script: dict[str, Any]) -> None:
    figures = script["measure"](SMALL)
    assert [tuple(area) for area in figures.areas] == [
        ("policies", 5, 1, 2, 0),
        ("several areas", 0, 3, 0, 0),
        ("sim", 0, 0, 0, 0),
        ("sim/runs", 4, 2, 3, 2),
    ]
    assert tuple(figures.total) == ("total", 9, 6, 5, 2)


def test_a_function_is_measured_from_def_to_its_last_line(script: dict[str, Any]) -> None:
    figures = script["measure"](SMALL)
    assert (figures.functions, figures.median, figures.p90) == (2, 3, 4)
    assert figures.longest[0] == (5, "policies/greedy.py")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("import sim.b\n", "import sim.a\n"),
        ("from sim import b\n", "from sim.a import x\n"),
        ("from . import b\n", "from .a import x\n"),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sim.b import y\n", "from sim.a import x\n"),
        ("def late():\n    from sim.b import y\n", "from sim.a import x\n"),
    ],
)
def test_every_way_to_import_in_a_circle_is_found(script: dict[str, Any], a: str, b: str) -> None:
    trees = {"sim/__init__.py": ast.parse(""), "sim/a.py": ast.parse(a), "sim/b.py": ast.parse(b)}
    assert script["import_circles"](trees) == [["sim.a", "sim.b"]]
    trees["sim/b.py"] = ast.parse("import json\n")
    assert script["import_circles"](trees) == []


def test_a_circle_through_a_package_names_all_its_modules(script: dict[str, Any]) -> None:
    texts = {
        "sim/runs/__init__.py": "from .merge import merge\n",
        "sim/runs/merge.py": "from ..files import read\n",
        "sim/files.py": "from sim.runs import merge_all\n",
        "sim/api.py": "import sim.runs\n",
    }
    circles = script["import_circles"]({name: ast.parse(text) for name, text in texts.items()})
    assert circles == [["sim.files", "sim.runs", "sim.runs.merge"]]


def test_the_report_names_areas_and_circles(script: dict[str, Any]) -> None:
    text = script["report"](script["measure"]({**SMALL, "sim/a.py": "import sim.b\n", "sim/b.py": "import sim.a\n"}))
    assert "import circles: 1\n  2 modules: sim.a, sim.b" in text
    (total,) = [line for line in text.splitlines() if line.startswith("total")]
    assert total.split() == ["total", "11", "6", "0.55", "5", "40.0", "%"]
