"""Measure the source code: function sizes, `Any` parameters, test lines per source line, import circles, long files.

    python scripts/code_figures.py

What is counted, from the syntax trees of the Python files that git tracks:

- Source is every file of the shipped packages (`sim`, `policies`, `reports`, `scenarios`, `sql`). Tests are every file
  under `tests/`. Lines are all lines of a file, comments and blank lines included.
- The size of a function is its lines from `def` to the last line of its body, docstring included, decorators not.
- A parameter counts as `Any` when its annotation is `Any` itself. `self` and `cls` are not counted; `*args` and
  `**kwargs` are.
- Tests of an area are the files under `tests/unit/<area>/`. All other tests exercise several areas: they have a line
  of their own, and the total includes them.
- An import circle is a set of modules that import one another, directly or through others. Imports for type checking
  and imports inside functions count.
"""

import ast
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGES = ("sim", "policies", "reports", "scenarios", "sql")
SEVERAL = "several areas"
LONGEST = 8


class Area(NamedTuple):
    """Counts of one area: a shipped package, or a sub-package of `sim`."""

    name: str
    source_lines: int
    test_lines: int
    parameters: int
    any_parameters: int


class Figures(NamedTuple):
    """What `measure` returns. Sizes are lines; `longest` holds (lines, file), longest first."""

    functions: int
    median: float
    p90: int
    areas: list[Area]
    total: Area
    circles: list[list[str]]
    longest: list[tuple[int, str]]


def tracked(root: Path) -> dict[str, str]:
    """Return the text of every tracked Python file under `root`, by its path with forward slashes."""
    command = ["git", "ls-files", "*.py"]
    listing = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout  # noqa: S603
    return {name: (root / name).read_text("utf-8") for name in listing.splitlines() if (root / name).is_file()}


def measure(files: dict[str, str]) -> Figures:
    """Return the figures of `files` (path to text)."""
    trees = {name: ast.parse(text) for name, text in files.items() if name.split("/")[0] in PACKAGES}
    functions = [function for tree in trees.values() for function in _functions(tree)]
    sizes = sorted((function.end_lineno or function.lineno) - function.lineno + 1 for function in functions)
    areas = _areas(files, trees)
    total = Area("total", *(sum(column) for column in zip(*(area[1:] for area in areas), strict=True)))
    return Figures(
        functions=len(functions),
        median=statistics.median(sizes),
        p90=sizes[len(sizes) * 9 // 10],
        areas=areas,
        total=total,
        circles=import_circles(trees),
        longest=sorted(((_lines(files[name]), name) for name in trees), reverse=True)[:LONGEST],
    )


def _areas(files: dict[str, str], trees: dict[str, ast.Module]) -> list[Area]:
    """Return the counts per area; tests that belong to no area are the area `SEVERAL`, which has no source."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for name, tree in trees.items():
        annotations = [annotation for function in _functions(tree) for annotation in _annotations(function)]
        of_area = counts[_source_area(name)]
        of_area[0] += _lines(files[name])
        of_area[2] += len(annotations)
        of_area[3] += annotations.count("Any")
    for name, text in files.items():
        if name.startswith("tests/"):
            counts[_test_area(name, set(counts))][1] += _lines(text)
    return [Area(name, *numbers) for name, numbers in sorted(counts.items())]


def _source_area(name: str) -> str:
    """Return "sim/runs" for sim/runs/merge.py, "sim" for sim/api.py, "policies" for policies/maths/kl.py."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "sim" and len(parts) > 2 else parts[0]


def _test_area(name: str, areas: set[str]) -> str:
    parts = name.split("/")
    if parts[1] != "unit":
        return SEVERAL
    return next((area for area in (parts[2], f"sim/{parts[2]}") if area in areas), SEVERAL)


def _lines(text: str) -> int:
    return len(text.splitlines())


def _functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _annotations(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Yield the annotation of every parameter ("" where there is none)."""
    given = function.args
    rest = [parameter for parameter in (given.vararg, given.kwarg) if parameter]
    for parameter in [*given.posonlyargs, *given.args, *given.kwonlyargs, *rest]:
        if parameter.arg not in ("self", "cls"):
            yield ast.unparse(parameter.annotation) if parameter.annotation else ""


def import_circles(trees: dict[str, ast.Module]) -> list[list[str]]:
    """Return the sets of modules that import one another, each sorted, largest first."""
    modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", "."): name for name in trees}
    imports = {module: set(_imported(module, trees[name], modules, name)) for module, name in modules.items()}
    reached = {module: _reachable(module, imports) for module in imports}
    circles = {frozenset(other for other in reached[module] if module in reached[other]) for module in imports}
    return sorted((sorted(circle) for circle in circles if circle), key=lambda circle: (-len(circle), circle))


def _imported(module: str, tree: ast.Module, modules: Iterable[str], file: str) -> Iterator[str]:
    """Yield the modules of ours that `module` imports; `from a import b` is a.b where that is a module, else a."""
    package = module if file.endswith("__init__.py") else module.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom):
            source = _absolute(node, package)
            names = [f"{source}.{alias.name}" for alias in node.names]
            yield from (target for name in names if (target := name if name in modules else source) in modules)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the absolute name of the module that a possibly relative `from` import names."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def _reachable(start: str, imports: dict[str, set[str]]) -> set[str]:
    """Return the modules reached from `start` by one import or more."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = imports[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


def report(figures: Figures) -> str:
    """Return the figures as a short table."""
    rows = [f"{'area':<18}{'source':>8}{'tests':>8}{'tests/source':>14}{'parameters':>12}{'Any':>8}"]
    rows += [_row(area) for area in [*figures.areas, figures.total]]
    rows += ["", f"functions: {figures.functions}, median {figures.median:g} lines, p90 {figures.p90} lines"]
    rows += [f"import circles: {len(figures.circles)}"]
    rows += [f"  {len(circle)} modules: {', '.join(circle)}" for circle in figures.circles]
    rows += ["longest files:", *(f"  {lines:>4} {name}" for lines, name in figures.longest)]
    return "\n".join(rows)


def _row(area: Area) -> str:
    share = 100 * area.any_parameters / max(area.parameters, 1)
    ratio = f"{area.test_lines / area.source_lines:.2f}" if area.source_lines else "-"
    counted = f"{area.source_lines:>8,}{area.test_lines:>8,}{ratio:>14}{area.parameters:>12,}"
    return f"{area.name:<18}{counted}{share:>6.1f} %"


if __name__ == "__main__":
    sys.stdout.write(report(measure(tracked(Path(__file__).resolve().parent.parent))) + "\n")
