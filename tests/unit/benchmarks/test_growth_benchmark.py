"""The growth benchmark: what is recorded is what is drawn and tabulated, the same each time."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("benchmarks", reason="no benchmarks beside the tests: an installation from a source archive")

from benchmarks.growth.__main__ import measure
from benchmarks.growth.axes import AXES, QUICK, Point
from benchmarks.growth.draw import draw
from benchmarks.growth.problems import textbook
from benchmarks.growth.record import RECORD, Axis, Line, read, write
from benchmarks.growth.spent import cost
from benchmarks.growth.tables import fill
from benchmarks.growth.workers import WITH_START, WITHOUT_START, ratios

DOCS = Path(__file__).parents[3] / "docs"
LINES = [Line("ucb1", 10, {"ns": 25.04321}), Line("ucb1", 100, {"ns": 110.0}), Line("greedy", 10, {"ns": 20.0})]


def test_points_are_measured_in_turn_and_medians_kept() -> None:
    calls: list[str] = []

    def point(name: str, *values: float) -> Point:
        left = iter(values)
        return Point(name, 1, lambda: (calls.append(name), {"ns": next(left)})[1], lambda: calls.append("warm"))

    lines = measure([point("a", 9.0, 1.0, 2.0), point("b", 5.0, 5.0, 7.0)], rounds=3)
    assert calls == ["warm", "warm", *("a", "b") * 3]
    assert lines == [Line("a", 1, {"ns": 2.0}), Line("b", 1, {"ns": 5.0})]


def test_a_cost_counts_the_pulls_of_all_replications() -> None:
    seconds, pulls = cost(textbook(arms=2, pulls=50, replications=3, policy="uniform"), 3)
    assert pulls == 150
    assert seconds > 0.0


def test_an_axis_measured_again_replaces_its_record_and_no_other(tmp_path: Path) -> None:
    record = tmp_path / "growth.json"
    write(record, "arms", LINES)
    write(record, "pulls", LINES[:1])
    write(record, "arms", LINES[1:])
    found = read(record)
    assert [line.figures["ns"] for line in found["arms"].lines] == [110.0, 20.0]
    assert found["pulls"].series("ucb1", "ns") == {10: 25.04}


def test_throughput_with_and_without_the_start() -> None:
    seconds = {("long", 1): 11.0, ("long", 2): 6.0, ("short", 1): 1.0, ("short", 2): 1.0}
    found = ratios(Axis([Line(name, count, {"wall": wall}) for (name, count), wall in seconds.items()], ""))
    assert found == {WITHOUT_START: {1: 1.0, 2: 2.0}, WITH_START: {1: 1.0, 2: 11 / 6}}


def test_all_axes_are_recorded_drawn_and_on_the_page(tmp_path: Path) -> None:
    recorded = read(RECORD)
    assert set(recorded) == set(AXES)
    draw(recorded, tmp_path / "once")
    draw(recorded, tmp_path / "again")
    drawn = sorted(tmp_path.glob("once/*.svg"))
    assert [path.name for path in drawn] == sorted(path.name for path in (DOCS / "performance").glob("*.svg"))
    for path in drawn:
        text = path.read_text(encoding="utf-8")
        ElementTree.fromstring(text)
        assert text == (tmp_path / "again" / path.name).read_text(encoding="utf-8")
        assert "prefers-color-scheme:dark" in text
    page = (DOCS / "performance.md").read_text(encoding="utf-8")
    assert all(f"<!-- growth: {axis} -->" in page for axis in AXES)
    copy = tmp_path / "performance.md"
    copy.write_text(page, encoding="utf-8")
    fill(copy, recorded)
    assert copy.read_text(encoding="utf-8") == page, "python -m benchmarks.growth --draw"


def test_a_slot_of_no_axis_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- growth: armz -->\n<!-- end -->\n")
    with pytest.raises(SystemExit, match="armz"):
        fill(page, {})


@pytest.mark.parametrize("axis", ["arms", "pulls", "pages", "captions"])
def test_points_of_an_axis_differ(axis: str) -> None:
    points = list(AXES[axis](QUICK))
    assert len({(point.series, point.size) for point in points}) == len(points) >= 6
