"""What a run says about its file of counts: names of captions, and pages without a choice."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import sim
from reports.tables.captions import most_sent
from sim.cli import exit_code
from sim.runs.folders.source_file import remarks, write_captions
from sim.scenario import load

HEADER = "page_name,caption_id,trials,successes\n"


def table(folder: Path, rows: str) -> dict[str, Any]:
    (folder / "counts.csv").write_text(HEADER + rows)
    world = {"kind": "table", "source": str(folder / "counts.csv")}
    return {"name": "t", "replications": 1, "horizon": {"days": 1}, "world": world, "policies": ["uniform"]}


@pytest.mark.slow
def test_captions_that_are_texts_keep_their_names_in_the_run(tmp_path: Path) -> None:
    run = sim.run(table(tmp_path, "a,Hello,100,10\na,News,100,20\nb,Hello,100,30\nb,Bye,9,1\n"), tmp_path / "run")
    assert run.table("captions").rows() == [(1, "Bye"), (2, "Hello"), (3, "News")]
    assert set(run.stats("uniform", 0)["caption_id"]) <= {1, 2, 3}
    assert "captions.parquet" in run.manifest["files"]


@pytest.mark.slow
def test_texts_are_the_messages_of_the_send_log(tmp_path: Path) -> None:
    scenario = table(tmp_path, "a,Hello,100,10\na,News,100,20\nb,Hello,100,30\nb,Bye,9,1\n")
    run = sim.run({**scenario, "record": {"sends": True}}, tmp_path / "run", report=False)
    names = dict(run.table("captions").rows())
    sends = run.sends("uniform", 0)
    assert sends["message"].to_list() == [names[each] for each in sends["caption_id"]]
    assert set(sends.filter(pl.col("page_name") == "b")["message"]) == {"Hello", "Bye"}


@pytest.mark.slow
def test_the_report_names_the_captions_sent_most(tmp_path: Path) -> None:
    run = sim.run(table(tmp_path, f"a,x|y,100,10\na,{'long ' * 40},100,20\n"), tmp_path / "run")
    text = (tmp_path / "run" / "report.md").read_text("utf-8")
    assert "The 5 captions that each policy sent most" in text
    assert "| uniform | x\\|y | " in text
    assert f"{'long ' * 15}long…" in text
    named = most_sent(run, "uniform", run.table("captions"), 5)
    assert named is not None
    assert named["share"].sum() == 1.0
    assert named["sends"].sum() == run.stats("uniform", 0)["total_observations"].sum()
    assert named["sends"].is_sorted(descending=True)


@pytest.mark.slow
def test_without_statistics_the_report_says_where_the_texts_are(tmp_path: Path) -> None:
    scenario = {**table(tmp_path, "a,x,100,10\na,y,100,20\n"), "record": {"stats": "none"}}
    sim.run(scenario, tmp_path / "run")
    assert "stand for the texts in captions.parquet" in (tmp_path / "run" / "report.md").read_text("utf-8")


def test_captions_that_are_numbers_need_no_names(tmp_path: Path) -> None:
    assert write_captions(load(table(tmp_path, "a,1042.0,100,10\na,981.0,100,20\n")), tmp_path) == []
    assert not (tmp_path / "captions.parquet").exists()


def test_other_worlds_have_no_file(tmp_path: Path) -> None:
    scenario = load({**table(tmp_path, ""), "horizon": {"pulls": 5}, "world": {"kind": "bernoulli", "means": [0.1, 1]}})
    assert remarks(scenario) == []
    assert write_captions(scenario, tmp_path) == []


@pytest.mark.slow
def test_pages_with_one_caption_are_remarked(tmp_path: Path, capsys: Any) -> None:
    scenario = table(tmp_path, "a,1,100,10\nb,1,100,10\nb,2,100,20\n")
    assert remarks(load(scenario)) == [
        "1 of 2 pages have one caption only: every policy sends it, and its regret there is 0"
    ]
    path = tmp_path / "scenario.yaml"
    path.write_text(load(scenario).to_yaml())
    assert exit_code(["run", str(path), "--out", str(tmp_path / "run"), "--no-report", "--workers", "1"]) == 0
    assert "note: 1 of 2 pages have one caption only" in capsys.readouterr().err
    assert pl.read_parquet(tmp_path / "run" / "replications.parquet").height == 1


def test_captions_of_both_kinds_are_remarked_with_the_first_text(tmp_path: Path) -> None:
    mixed = load(table(tmp_path, "a,1042,100,10\na,summer,100,20\n"))
    assert remarks(mixed) == [
        "captions are texts, such as 'summer': they are numbered from 1, and captions.parquet says which is which"
    ]
