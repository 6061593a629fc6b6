"""The Python side: `sim.run`, `sim.load_run`, and replications on their own."""

import gc
import shutil
import tempfile
from pathlib import Path

import polars as pl
import pytest

import sim
from sim.errors import InputError, ScenarioError, StorageError
from sim.files import digest
from sim.runs.folders.run_folder import RunFolder
from sim.worlds.engine import simulate

SCENARIO = {
    "name": "tiny",
    "replications": 4,
    "horizon": {"pulls": 50},
    "world": {"kind": "bernoulli", "means": [0.3, 0.7]},
    "policies": ["wilson_sample", "oracle"],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> sim.Run:
    return sim.run(SCENARIO, out=tmp_path_factory.mktemp("api") / "run")


def test_frames(run: sim.Run) -> None:
    assert run.replications.select("policy", "replication").rows()[0] == ("wilson_sample", 0)
    assert len(run.replications) == 8
    assert run.curves["at"].max() == 50
    assert run.summary["policy"].to_list() == ["wilson_sample", "oracle"]
    assert run.pairs.select("policy", "other").rows() == [("wilson_sample", "oracle")]
    assert run.scenario.name == "tiny"
    assert run.checks == []


def test_stats_agree_with_the_totals(run: sim.Run) -> None:
    for policy, replication, reward in run.replications.select("policy", "replication", "reward").iter_rows():
        stats = run.stats(policy, replication)
        assert len(stats.columns) == 15
        assert stats["total_observations"].sum() == 50
        assert (stats["successes"] - 1).sum() == reward


def test_a_reopened_run_is_equal(run: sim.Run) -> None:
    again = sim.load_run(run.path)
    assert again.replications.equals(run.replications)
    assert again.report() == run.path / "report.html"


@pytest.mark.parametrize("replication", [0, 3])
def test_a_replication_alone_is_the_same(run: sim.Run, replication: int) -> None:
    alone = simulate(run.scenario, run.scenario.policies[0], range(replication, replication + 1))
    row = run.replications.filter(policy="wilson_sample", replication=replication).row(0, named=True)
    assert (alone.totals.regret[0], alone.totals.reward[0]) == (row["regret"], row["reward"])
    curve = run.curves.filter(policy="wilson_sample", replication=replication)
    assert curve["regret"].to_list() == alone.regret[:, 0].tolist()


def test_progress_ends_with_everything_done(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    sim.run(SCENARIO, out=tmp_path / "run", report=False, progress=lambda done, total: told.append((done, total)))
    assert told[0] == (0, 8)
    assert told[-1] == (8, 8)


def test_without_a_folder_nothing_is_left_in_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one = sim.run(SCENARIO, overrides=["replications=1"])
    assert (one.path / "report.html").is_file()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_one_replication_has_no_interval_and_a_report(tmp_path: Path) -> None:
    one = sim.run(SCENARIO, out=tmp_path / "run", overrides=["replications=1"])
    assert one.summary["ci_low"].null_count() == 2
    assert "Undecided: there is no policy to compare" in (one.path / "report.md").read_text("utf-8")
    assert one.pairs["p_adjusted"].null_count() == 1


def test_statistics_and_logs_that_were_not_recorded_are_an_error(tmp_path: Path) -> None:
    last = sim.run(SCENARIO, out=tmp_path / "run", overrides=["record.stats=last"], report=False)
    assert len(last.stats("oracle", 3)) == 1
    for ask in (lambda: last.stats("oracle", 2), lambda: last.sends("oracle", 3)):
        with pytest.raises(StorageError, match="replication") as refused:
            ask()
        assert "decides what is kept" in refused.value.__notes__[0]
    with pytest.raises(StorageError, match="replication 2; it holds only 3"):
        last.stats("oracle", 2)


def test_a_bad_scenario_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        sim.run({**SCENARIO, "replications": 0}, out=tmp_path / "run")
    with pytest.raises(InputError, match="exclude"):
        sim.run(SCENARIO, out=tmp_path / "run", resume=True, fresh=True)
    with pytest.raises(InputError, match="workers must be"):
        sim.run(SCENARIO, out=tmp_path / "run", workers=0)
    with pytest.raises(InputError, match="out must be the path of a folder, got 5"):
        sim.run(SCENARIO, out=5)
    assert not (tmp_path / "run").exists()


def test_hostile_text_stays_text_in_the_report(run: sim.Run, tmp_path: Path) -> None:
    (tmp_path / "hostile").mkdir()
    for path in run.path.iterdir():
        if path.is_file():
            (tmp_path / "hostile" / path.name).write_bytes(path.read_bytes())
    shutil.copytree(run.path / "tables", tmp_path / "hostile" / "tables")
    scenario = tmp_path / "hostile" / "scenario.yaml"
    scenario.write_text(scenario.read_text() + "# <script>alert(1)</script>\n")
    folder = RunFolder(tmp_path / "hostile")
    manifest = folder.manifest()
    folder.write_manifest({**manifest, "files": {**manifest["files"], "scenario.yaml": digest(scenario)}})
    html = sim.load_run(tmp_path / "hostile").report().read_text()
    assert "<script>alert" not in html
    assert html.count("<script>") == 1  # the page's own
    assert "&lt;script&gt;" in html


def test_the_report_is_one_file_that_fetches_nothing(run: sim.Run) -> None:
    html = (run.path / "report.html").read_text()
    figures = {path.stem for path in (run.path / "figures").glob("*.svg")}
    assert {"regret_curves", "regret_curves_log", "regret_tails", "regret_ranges", "allocation"} <= figures
    assert html.count("<svg") == len(figures)
    assert {path.stem for path in (run.path / "figures").glob("*.png")} == figures
    assert "src=" not in html
    assert "<link" not in html
    assert "default-src 'none'" in html


def test_means_are_those_of_the_rows(run: sim.Run) -> None:
    for row in run.summary.iter_rows(named=True):
        rows = run.replications.filter(pl.col("policy") == row["policy"])
        assert row["mean_regret"] == pytest.approx(rows["regret"].mean(), rel=1e-12)
        assert row["locked_out_share"] == rows["locked_out"].mean()


@pytest.mark.slow
def test_simulating_without_a_folder_keeps_its_files_as_long_as_the_run(
    run: sim.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    simulated = sim.simulate(SCENARIO)
    gc.collect()
    assert simulated.replications.equals(run.replications)
    assert simulated.stats("oracle", 0).equals(run.stats("oracle", 0))
    del simulated
    gc.collect()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_simulation_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    in_use = sim.simulate(SCENARIO)
    (tmp_path / "caption-sim-run-killed" / "run").mkdir(parents=True)
    (tmp_path / "caption-sim-run-killed" / ".lock").touch()
    other = sim.simulate(SCENARIO, overrides=["seed=2"])
    assert not (tmp_path / "caption-sim-run-killed").exists()
    assert len(in_use.replications) == len(other.replications) == 8
