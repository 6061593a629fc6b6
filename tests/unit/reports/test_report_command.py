"""The `report` command, and runs read from their folders, on invented tables."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import sim
from reports.slide import MOST_POINTS, SIZE
from sim.cli import cli
from sim.errors import InputError, StorageError
from sim.runs.run import StoredRun
from twins.invented_run import KINDS, N, stored_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    return stored_run(tmp_path_factory.mktemp("reported") / "run", "traffic")


def report(*words: str) -> Result:
    return CliRunner().invoke(cli, ["report", *words])


def test_the_decision_is_in_the_text_and_in_json(run: StoredRun, tmp_path: Path) -> None:
    out = str(tmp_path / "out")
    told = report(str(run.path), "--out", out)
    assert told.exit_code == 0, told.output
    text, _, where = told.stdout.partition("report: ")
    assert where.strip() == f"{out}/report.html"
    assert max(map(len, text.splitlines())) < 80
    data = json.loads(report(str(run.path), "--out", out, "--json").stdout)
    assert data["decision"]["text"] == " ".join(text.split())
    assert data["decision"]["metric"] == "revenue_usd"


def test_metric_and_baseline_change_what_is_compared_but_the_metric_not_the_decision(
    run: StoredRun, tmp_path: Path
) -> None:
    out = ["--out", str(tmp_path / "out"), "--json"]
    plain, regret = (json.loads(report(str(run.path), *more, *out).stdout) for more in ([], ["--metric", "regret"]))
    assert plain["decision"] == regret["decision"]
    assert "compared by regret" in (tmp_path / "out" / "report.md").read_text("utf-8")
    other = json.loads(report(str(run.path), "--baseline", "uniform", *out).stdout)
    assert other["decision"]["baseline"] == "uniform"


def test_a_dry_run_names_every_file_and_writes_none(run: StoredRun, tmp_path: Path) -> None:
    asked = report(str(run.path), "--out", str(tmp_path / "out"), "--pdf", "--png", "--dry-run", "--json")
    names = [Path(path).name for path in json.loads(asked.stdout)["would_write"]]
    assert names == ["report.html", "report.md", "figures", "report.pdf", "report.png"]
    assert not (tmp_path / "out").exists()


def test_a_slide_is_one_page_with_decision_points_and_chart(
    run: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, tuple[int, int]]] = []

    def printed(page: Path, kind: str, screen: tuple[int, int] = (0, 0)) -> Path:
        made.append((f"{page.stem}.{kind}", screen))
        return page.with_suffix(f".{kind}")

    monkeypatch.setattr("reports.browser.print_report", printed)
    out = ["--out", str(tmp_path / "out"), "--slide", "--png", "--title", "Captions <1>", "--author", "N. N.", "--json"]
    dry = json.loads(report(str(run.path), *out, "--dry-run").stdout)
    assert [Path(path).name for path in dry["would_write"]][3:] == ["slide.html", "report.png", "slide.png"]
    data = json.loads(report(str(run.path), *out).stdout)
    assert made == [("report.png", (0, 0)), ("slide.png", SIZE)]
    page = Path(data["slide"]).read_text("utf-8")
    assert data["slide png"].endswith("slide.png")
    assert page.count("<svg") == page.count('class="headline"') == 1
    assert "Captions &lt;1&gt;" in page
    assert "N. N.; scenario invented, 60 replications, seed 1" in page
    assert 2 <= page.count("<li>") <= MOST_POINTS
    assert "<script" not in page
    assert "@page { size: 1280px 720px" in page


def test_copies_are_made_beside_the_report(run: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[Path, str]] = []

    def printed(page: Path, kind: str) -> Path:
        made.append((page, kind))
        return page.with_suffix(f".{kind}")

    monkeypatch.setattr("reports.browser.print_report", printed)
    data = json.loads(report(str(run.path), "--out", str(tmp_path / "out"), "--pdf", "--json").stdout)
    assert made == [(tmp_path / "out" / "report.html", "pdf")]
    assert data["pdf"] == str(tmp_path / "out" / "report.pdf")


def test_the_title_is_shown_as_text(run: StoredRun, tmp_path: Path) -> None:
    report(str(run.path), "--out", str(tmp_path / "out"), "--title", "Q3 <plan>")
    assert "<h1>Q3 &lt;plan&gt;</h1>" in (tmp_path / "out" / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [(["--baseline", "absent"], "no policy 'absent'"), (["--baseline", "oracle"], "knows the true rates")],
)
def test_bad_baselines_are_refused(words: list[str], message: str, run: StoredRun, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        sim.load_run(run.path).report(baseline=words[1], out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_is_read_as_frames(run: StoredRun) -> None:
    opened = sim.load_run(run.path)
    assert len(opened.replications) == N * len(KINDS)
    assert opened.summary["policy"].to_list() == list(KINDS)
    assert len(opened.pairs) == len(KINDS) * (len(KINDS) - 1) // 2
    assert set(opened.curves.columns) >= {"policy", "replication", "at", "regret"}
    assert opened.table("ranks")["policy"].n_unique() == len(KINDS) - 1
    assert opened.scenario.name == opened.manifest["scenario"] == "invented"
    assert opened.decision.given.replications == N
    assert opened.checks == []


def test_what_a_run_lacks_is_said(run: StoredRun, tmp_path: Path) -> None:
    opened = sim.load_run(run.path)
    with pytest.raises(StorageError, match="no table 'absent'"):
        opened.table("absent")
    assert opened.optional_table("absent") is None
    with pytest.raises(StorageError, match="no stats of policy 'uniform', replication 3") as refused:
        opened.stats("uniform", 3)
    assert "record.stats" in str(refused.value.hint)
    with pytest.raises(StorageError, match="no sends"):
        opened.sends("uniform", 3)
    with pytest.raises(StorageError, match="holds no run"):
        sim.load_run(tmp_path / "nowhere")
