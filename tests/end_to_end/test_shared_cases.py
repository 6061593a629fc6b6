"""The inputs of `../shared/cases` as a user gives them to the commands: each once failed; see its README."""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pytest

import sim
from reports.estimators import mean_interval
from sim.cli import exit_code
from sim.warehouse.base import STATS

CASES = Path(__file__).parents[2] / ".." / "shared" / "cases"

pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="../shared/cases is not there: an installation from a source archive"
)


def run(source: Path | str, out: Path | str, *options: str) -> int:
    """Run the scenario `caption_ids/t.yaml` on another table."""
    scenario = str(CASES / "caption_ids" / "t.yaml")
    words = ["run", scenario, "--set", f"world.source={source}", "--out", str(out), "--no-report", "--quiet"]
    return exit_code([*words, *options])


def test_a_table_whose_pages_have_one_caption_each_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    columns = {"page": "campaign", "caption": "subject", "trials": "sent", "successes": "clicks"}
    options = [word for key, name in columns.items() for word in ("--set", f"world.columns.{key}={name}")]
    assert run(CASES / "one_arm" / "news.csv", tmp_path / "out", *options) == 2
    assert "no page has two captions" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_four_replications_give_an_interval_of_the_size_of_their_spread() -> None:
    values = np.array([56801.29755945, 56804.14553329, 56508.46171814, 56194.12602243])
    assert "56801.29755945" in (CASES / "four_replications" / "make.py").read_text()
    found = mean_interval(values, bounds=(0, np.inf))
    assert values.min() - 500 < found.low < values.mean() < found.high < values.max() + 500


def test_a_duckdb_table_whose_name_differs_in_case_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec((CASES / "duckdb_names" / "make.py").read_text(), {})
    for options in ([], ["--replace"]):
        assert exit_code(["seed", "--rows", "10", "--to", "duckdb:w.duckdb", "--quiet", *options]) == 2
    with duckdb.connect("w.duckdb", read_only=True) as connection:
        assert connection.execute(f"SELECT COUNT(*) FROM {STATS}").fetchall() == [(100_000,)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["good", "float", "space"])
def test_caption_ids_stay_what_the_file_says(tmp_path: Path, name: str) -> None:
    assert run(CASES / "caption_ids" / f"{name}.csv", tmp_path / "out", "--set", "record.stats=all") == 0
    rows = sim.load_run(tmp_path / "out").stats("uniform", 0)
    assert sorted(rows["caption_id"].to_list()) == [981, 1042, 1077]


@pytest.mark.slow
def test_pattern_characters_in_every_path_stand_for_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside each path lies one that the pattern would match."""
    folder = tmp_path / "gl[1]"
    folder.mkdir()
    (tmp_path / "gl1").mkdir()
    (tmp_path / "gl1" / "base.csv").write_text("page_name,caption_id,trials,successes\nother,9,100,1\nother,8,100,2\n")
    monkeypatch.chdir(folder)
    Path("base.csv").write_bytes((CASES / "paths" / "base.csv").read_bytes())
    assert run("base.csv", "o*[1]?{a}", "--set", "record.stats=all") == 0
    assert "other" not in sim.load_run("o*[1]?{a}").stats("uniform", 0)["page_name"].to_list()
    commands: list[Sequence[str]] = [
        ["load", "o*[1]?{a}", "--policy", "uniform", "--to", "parquet:t[*]"],
        ["verify", "--to", "parquet:t[*]"],
        ["load", "o*[1]?{a}", "--policy", "uniform", "--to", "duckdb:t[*].duckdb"],
        ["report", "o*[1]?{a}"],
        ["compare", "o*[1]?{a}", "o*[1]?{a}", "--out", "c[a]"],
    ]
    for words in commands:
        assert exit_code([*words, "--quiet"]) == 0, words
    assert {path.name for path in Path().iterdir()} == {"base.csv", "o*[1]?{a}", "t[*]", "t[*].duckdb", "c[a]"}
