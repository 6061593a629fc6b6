"""A table world whose file is not what the scenario promises: one line that says so, and nothing left behind."""

from pathlib import Path

import pytest

import sim
from sim.cli import exit_code
from sim.errors import SimError

HEADER = "page_name,caption_id,trials,successes\n"
BAD = {
    "no rows": (HEADER, 2, "has no rows"),
    "nothing": ("", 2, "is empty"),
    "another header": ("page,caption_id,trials,successes\na,1,9,3\n", 2, "no column `page_name`"),
    "one caption per page": (HEADER.replace(",", ";") + "a;1;9;3\n", 2, "no page has two captions"),
    "more fields than columns": (HEADER + "a,1,9,3\na,2,9,3,1,1\n", 3, "cannot be read"),
    "a missing page": (HEADER + ",1,9,3\n", 2, "row 1: `page_name` is missing"),
    "more successes than trials": (HEADER + "a,1,9,3\na,2,3,9\n", 2, "row 2: 9 successes of 3 trials"),
}


def scenario(source: Path) -> dict[str, object]:
    world = {"kind": "table", "source": str(source)}
    return {"name": "bad", "replications": 2, "horizon": {"days": 1}, "world": world, "policies": ["uniform"]}


@pytest.mark.parametrize(("text", "code", "words"), BAD.values(), ids=BAD)
def test_a_bad_file_is_named_and_nothing_is_left(tmp_path: Path, text: str, code: int, words: str) -> None:
    source = tmp_path / "counts.csv"
    source.write_text(text)
    with pytest.raises(SimError, match=words) as raised:
        sim.run(scenario(source), out=tmp_path / "run")
    assert raised.value.exit_code == code
    assert str(source) in raised.value.message
    assert not (tmp_path / "run").exists()


def test_a_dry_run_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "counts.csv"
    source.write_text(HEADER)
    assert exit_code(["run", "headline_tests", "--dry-run", "--set", f"world.source={source}"]) == 2
    assert "has no rows" in capsys.readouterr().err
