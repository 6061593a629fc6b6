"""Draw the map of the code from the import contract in pyproject.toml.

    python scripts/code_map.py        # writes docs/code-map.svg

One row per layer of the contract, upper layers first. A module may import from the rows below its own, and modules of
one row do not import one another. Each box holds the name of a module and the first sentence of its docstring.
"""

import ast
import textwrap
import tomllib
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "code-map.svg"
WIDTH, HEIGHT, GAP, MARGIN = 920, 54, 8, 14
STYLE = """
  text { font: 11px system-ui, sans-serif; fill: #3b3b3b }
  .name { font: 600 13px ui-monospace, monospace; fill: #111111 }
  .arrow { stroke: #767676; stroke-width: 1.5; fill: none }
"""


def layers(pyproject: str) -> list[list[str]]:
    """Return the modules of each layer, upper layers first, from the text of pyproject.toml."""
    contracts = tomllib.loads(pyproject)["tool"]["importlinter"]["contracts"]
    (contract,) = [contract for contract in contracts if contract["type"] == "layers"]
    return [[module.strip() for module in layer.replace(":", "|").split("|")] for layer in contract["layers"]]


def purpose(module: str) -> str:
    """Return the first sentence of the module's docstring, or an empty text."""
    path = ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) if file.is_file() else None
    return " ".join((text or "").split("\n\n")[0].split()).split(". ")[0].rstrip(".").replace("`", "")


def picture(rows: list[list[str]]) -> str:
    """Return the map as SVG."""
    height = 2 * MARGIN + len(rows) * (HEIGHT + GAP) - GAP
    boxes = [_box(module, *place) for number, row in enumerate(rows) for module, place in _places(row, number)]
    arrow = f'<path class="arrow" d="M{WIDTH - 18} {MARGIN} V{height - MARGIN} m-5 -7 l5 7 l5 -7"/>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    title = "<title>Layers of the code: a module imports only from the rows below its own</title>"
    background = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, title, f"<style>{STYLE}</style>", background, *boxes, arrow, "</svg>"]) + "\n"


def _places(row: list[str], number: int) -> list[tuple[str, tuple[float, float, float]]]:
    """Return each module of a row with the left edge, top edge and width of its box."""
    width = (WIDTH - 2 * MARGIN - 26 - GAP * (len(row) - 1)) / len(row)
    top = MARGIN + number * (HEIGHT + GAP)
    return [(module, (MARGIN + index * (width + GAP), top, width)) for index, module in enumerate(row)]


def _box(module: str, left: float, top: float, width: float) -> str:
    inside = f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{HEIGHT}" rx="5" fill="{_colour(module)}"/>'
    name = f'<text class="name" x="{left + 10:.1f}" y="{top + 18}">{escape(module)}</text>'
    words = textwrap.wrap(purpose(module), int((width - 20) / 5.6), max_lines=2, placeholder=" …")
    lines = [
        f'<text x="{left + 10:.1f}" y="{top + 33 + 14 * index}">{escape(line)}</text>'
        for index, line in enumerate(words)
    ]
    return "".join([inside, name, *lines])


def _colour(module: str) -> str:
    """Return a light colour per top-level package."""
    colours = {"policies": "#e4f1e1", "reports": "#e2ecf8", "scenarios": "#f8edd9", "sql": "#f8edd9"}
    return colours.get(module.split(".", maxsplit=1)[0], "#efefef")


if __name__ == "__main__":
    TARGET.write_text(picture(layers((ROOT / "pyproject.toml").read_text("utf-8"))), "utf-8")
