"""`run` as a user runs it: the folder it leaves, and the bits that nothing may change."""

import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
TABLES = (
    *("replications", "curves", "summary", "pairs"),
    # beyond the contract, see docs/data-dictionary.md
    *(
        "allocation",
        "beats",
        "estimation",
        "exploration",
        "pages",
        "ranks",
        "regret_over_time",
        "revenue",
        "revenue_differences",
        "weeks",
    ),
)
STANDINGS = ("p_best", "p_best_low", "p_best_high", "mean_rank")  # of a policy among the others of its run
TINY = """\
version: 1
name: tiny
seed: 3
replications: 6
horizon: {pulls: 60}
world: {kind: bernoulli, means: [0.2, 0.5, 0.8]}
policies: [wilson_sample, uniform, oracle]
checks:
  - {metric: regret, policy: oracle, at_most: 0}
  - {metric: regret, policy: wilson_sample, not_worse_than: uniform}
"""


def sim(cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "sim", *words]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=1200, check=False)


def same_contents(one: Path, other: Path) -> bool:
    names = [sorted(path.relative_to(run) for path in run.rglob("*.parquet")) for run in (one, other)]
    return names[0] == names[1] and all(pl.read_parquet(one / n).equals(pl.read_parquet(other / n)) for n in names[0])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scenario and one run of it, made by the command line."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "tiny.yaml").write_text(TINY)
    done = sim(folder, "run", "tiny.yaml", "--workers", "1")
    assert done.returncode == 0, done.stderr
    (folder / "said").write_text(done.stdout)
    return folder


@pytest.fixture(scope="module")
def run(home: Path) -> Path:
    return home / "runs" / "tiny"


@pytest.mark.slow
def test_the_folder_holds_what_the_contract_lists_and_nothing_else(run: Path) -> None:
    assert sorted(path.name for path in run.iterdir()) == sorted(
        [
            *(
                "manifest.json",
                "scenario.yaml",
                "summary.json",
                "report.html",
                "report.md",
                "figures",
                "stats",
                "tables",
                "observations.npz",
            ),
            *(f"{name}.parquet" for name in TABLES),
        ]
    )
    assert len(list(run.glob("stats/policy=*/replication=*.parquet"))) == 18


@pytest.mark.slow
def test_the_leaderboard_and_the_report_go_to_stdout(home: Path) -> None:
    said = (home / "said").read_text()
    lines = said.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == ["oracle", "wilson_sample", "uniform"]
    assert "ok    mean regret of oracle is at most 0" in said
    assert lines[-1] == f"report: {Path('runs/tiny/report.html')}"


@pytest.mark.slow
def test_the_manifest_names_no_place_and_no_person(run: Path) -> None:
    text = (run / "manifest.json").read_text()
    manifest = json.loads(text)
    assert manifest["status"] == "complete"
    assert manifest["policies"] == ["wilson_sample", "uniform", "oracle"]
    for secret in (str(run.parent.parent), str(Path.home()), os.uname().nodename, str(ROOT)):
        assert secret not in text


@pytest.mark.slow
def test_the_saved_scenario_repeats_the_run(run: Path, tmp_path: Path) -> None:
    assert sim(run, "run", "scenario.yaml", "--out", str(tmp_path / "again"), "--no-report").returncode == 0
    assert same_contents(run, tmp_path / "again")
    assert not (tmp_path / "again" / "report.html").exists()


@pytest.mark.slow
def test_two_workers_and_a_second_run_give_the_same_bytes(home: Path, run: Path, tmp_path: Path) -> None:
    assert sim(home, "run", "tiny.yaml", "--workers", "2", "--out", str(tmp_path / "two")).returncode == 0
    for path in sorted(run.rglob("*")):
        if path.is_file() and path.name != "manifest.json":  # which tells how long it took
            assert path.read_bytes() == (tmp_path / "two" / path.relative_to(run)).read_bytes(), path.name


@pytest.mark.slow
def test_adding_a_policy_changes_no_other_row(home: Path, run: Path, tmp_path: Path) -> None:
    more = "policies=[thompson_beta, uniform, wilson_sample, oracle]"
    words = ["run", "tiny.yaml", "--set", more, "--out", str(tmp_path / "more"), "--no-report", "--workers", "1"]
    assert sim(home, *words).returncode == 0
    for name in ("replications", "curves", "summary"):
        before, after = (
            pl.read_parquet(folder / f"{name}.parquet").drop(STANDINGS, strict=False)
            for folder in (run, tmp_path / "more")
        )
        for policy in ("wilson_sample", "uniform", "oracle"):
            assert before.filter(policy=policy).equals(after.filter(policy=policy))
    for path in run.glob("stats/*/*.parquet"):
        assert path.read_bytes() == (tmp_path / "more" / path.relative_to(run)).read_bytes()


def test_json_is_the_whole_of_stdout_and_agrees_with_the_tables(home: Path, run: Path, tmp_path: Path) -> None:
    done = sim(home, "run", "tiny.yaml", "--out", str(tmp_path / "json"), "--json", "--quiet", "--workers", "1")
    data = json.loads(done.stdout)
    assert done.stderr == ""
    assert data["policies"] == pl.read_parquet(run / "summary.parquet").to_dicts()
    assert data["policies"] == json.loads((run / "summary.json").read_text())["policies"]
    assert [check["passed"] for check in data["checks"]] == [True, True]
    assert data["headline"] in (tmp_path / "json" / "report.md").read_text("utf-8").replace("\\", "")
    again = sim(home, "run", "tiny.yaml", "--out", str(tmp_path / "json"), "--resume", "--quiet", "--workers", "1")
    assert data["headline"] in again.stdout.replace("\n", " ")
    lean = sim(home, "run", "tiny.yaml", "--out", str(tmp_path / "json"), "--resume", "--json", "--no-report")
    assert json.loads(lean.stdout) == {**data, "report": None}


@pytest.mark.slow
def test_a_failed_check_is_code_1_and_the_results_are_there(home: Path, tmp_path: Path) -> None:
    words = ["run", "tiny.yaml", "--out", str(tmp_path / "fails"), "--no-report", "--workers", "1"]
    worse, zero = "policy: uniform, not_worse_than: oracle", "policy: oracle, at_most: 1"
    done = sim(home, *words, "--set", f"checks=[{{metric: regret, {worse}}}, {{metric: regret, {zero}}}]")
    assert done.returncode == 1
    assert "check failed: regret of uniform is not worse than that of oracle" in done.stderr
    assert "at most 1" not in done.stderr
    assert json.loads((tmp_path / "fails" / "manifest.json").read_text())["status"] == "complete"


def test_a_run_that_is_there_is_not_overwritten(home: Path, run: Path) -> None:
    before = (run / "manifest.json").read_bytes()
    done = sim(home, "run", "tiny.yaml")
    assert done.returncode == 2
    assert "--fresh" in done.stderr
    assert "--out" in done.stderr
    assert (run / "manifest.json").read_bytes() == before


@pytest.mark.slow
def test_resuming_a_complete_run_does_nothing_and_says_the_same(home: Path, run: Path) -> None:
    before = (run / "replications.parquet").stat().st_mtime_ns
    done = sim(home, "run", "tiny.yaml", "--resume")
    assert done.returncode == 0
    assert done.stdout == (home / "said").read_text()
    assert (run / "replications.parquet").stat().st_mtime_ns == before


@pytest.mark.slow
def test_another_scenario_is_not_resumed(home: Path) -> None:
    done = sim(home, "run", "tiny.yaml", "--resume", "--set", "seed=4")
    assert done.returncode == 2
    assert "seed: 3 there, 4 here" in done.stderr
    assert "--fresh" in done.stderr


def test_dry_run_writes_nothing(home: Path) -> None:
    before = sorted(home.rglob("*"))
    done = sim(home, "run", "tiny.yaml", "--dry-run", "--set", "name=other")
    assert done.returncode == 0
    assert "1,080 in all" in done.stdout
    assert sorted(home.rglob("*")) == before


@pytest.mark.slow
def test_report_is_rewritten_byte_for_byte(home: Path, run: Path) -> None:
    before = {path: path.read_bytes() for path in [*run.glob("report.*"), *run.glob("figures/*")]}
    for path in before:
        path.unlink()
    done = sim(home, "report", "runs/tiny", "--json")
    assert json.loads(done.stdout)["report"] == str(Path("runs/tiny/report.html"))
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.slow
def test_compare_pairs_runs_that_share_their_luck(home: Path, tmp_path: Path) -> None:
    words = ["run", "tiny.yaml", "--no-report", "--workers", "1"]
    slow, lucky = str(tmp_path / "slow"), str(tmp_path / "lucky")
    assert sim(home, *words, "--set", "feedback.refresh_every=30", "--out", slow).returncode == 0
    assert sim(home, *words, "--set", "seed=4", "--set", "horizon.pulls=50", "--out", lucky).returncode == 0
    delayed = json.loads(sim(home, "compare", "runs/tiny", slow, "--json").stdout)
    assert delayed["paired"]
    assert delayed["scenario"] == {"feedback.refresh_every": {"first": 1, "second": 30}}
    changed = {row["policy"]: row["difference"] for row in delayed["policies"]}
    assert changed["uniform"] == changed["oracle"] == 0.0  # neither looks at the statistics
    assert changed["wilson_sample"] != 0.0
    other_seed = json.loads(sim(home, "compare", "runs/tiny", lucky, "--json").stdout)
    assert not other_seed["paired"]
    assert {row["ci_method"] for row in other_seed["policies"]} <= {"welch", "constant"}
    told = [sim(home, "compare", "runs/tiny", other).stdout for other in (slow, lucky)]
    assert ["The horizons differ" in text for text in told] == [False, True]
