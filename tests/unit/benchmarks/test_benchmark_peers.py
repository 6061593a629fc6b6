"""The benchmark against peers: everything of it that needs no network."""

import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import pytest

from benchmarks.peers import __main__ as command
from benchmarks.peers import environments as installing
from benchmarks.peers import turns
from benchmarks.peers.bars import bars_table, strongest
from benchmarks.peers.report import Row, cell, left_out, line, notes, row, table
from benchmarks.peers.turns import Match, Sample, Work, means
from benchmarks.rivals import mabwiser
from benchmarks.rivals.banditpylib import BanditPyLib
from benchmarks.rivals.coba import Coba
from benchmarks.rivals.mabwiser import MABWiser, MABWiserBatch
from benchmarks.rivals.plain_numpy import PlainNumPy
from benchmarks.rivals.plain_python import PlainPython
from benchmarks.rivals.registry import RIVALS, key
from benchmarks.rivals.rival import Outcome, Problem, Rival
from benchmarks.rivals.river import River
from sim.scenario import load

PAGE = Path(__file__).parents[3] / "benchmarks" / "README.md"
WORK = Work("ucb1", 3, 200, 100)


class Bare(Rival):
    """A rival that needs nothing but Python."""

    name = "bare"
    policies = ("ucb1",)


def measured(rival: type[Rival], ratio: float, policy: str = "ucb1", arms: int = 10) -> Row:
    work = Work(policy, arms, 100, 10)
    return Row(work, rival, "", 10, 20.0, 20.0 * ratio, 21.0, 21.0 * ratio, 5.0, 5.5, -1.0, 0.5)


# --- environments


def test_an_environment_is_made_once(tmp_path: Path) -> None:
    python = installing.environment(Bare, tmp_path)
    kept = python.parents[1] / "kept"
    kept.touch()
    assert subprocess.run([python, "-c", "print(1)"], capture_output=True, check=True).stdout.split() == [b"1"]
    assert installing.environment(Bare, tmp_path) == python
    assert kept.exists()


@pytest.mark.parametrize("receipt", [None, "other releases"])
def test_one_left_half_made_or_made_for_other_releases_is_made_anew(tmp_path: Path, receipt: str | None) -> None:
    home = installing.environment(Bare, tmp_path).parents[1]
    stale = home / "stale"
    stale.touch()
    (home / "complete").unlink()
    if receipt:
        (home / "complete").write_text(receipt)
    installing.environment(Bare, tmp_path)
    assert not stale.exists()
    assert (home / "complete").read_text() == installing.wanted(Bare)


def test_what_does_not_install_is_named_and_never_looks_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "Looking …\nERROR: no such release\nhint: none\n")

    monkeypatch.setattr(installing.venv, "create", lambda home, **_: home.mkdir())
    monkeypatch.setattr(installing.subprocess, "run", fail)
    installed, missing = installing.environments([Coba], tmp_path)
    assert (installed, missing) == ({}, {Coba: "ERROR: no such release"})
    assert not list(tmp_path.glob("*/complete"))


def test_pins_decide_what_is_kept() -> None:
    assert installing.wanted(MABWiser) == installing.wanted(MABWiserBatch)
    assert installing.wanted(MABWiser) != installing.wanted(Coba)


@pytest.mark.parametrize(
    ("text", "last"),
    [("a\nerror: b\nc\n", "error: b"), ("a\n  ValueError: b\n\n", "ValueError: b"), (" \n", "it did not say why")],
)
def test_last_words(text: str, last: str) -> None:
    assert installing.last_words(text) == last


# --- rivals


def test_every_rival_is_pinned_and_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for rival in RIVALS.values():
        assert rival.name in page, rival
        assert all("==" in package or "/archive/" in package for package in (*rival.install, *rival.install_alone))
        assert set(rival.policies) <= set(command.POLICIES)
        assert not set(rival.policies) & set(rival.other_rules)
    assert [key(rival) for rival in RIVALS.values()] == list(RIVALS)


def test_a_rival_plays_in_a_process_of_its_own() -> None:
    outcome = turns.play_rival(PlainPython, Path(sys.executable), Problem("wilson_sample", [0.2, 0.8], 50, 1), 0.01)
    assert 3 <= len(outcome.regrets) <= 100
    assert all(0.0 <= regret <= 50 * 0.6 for regret in outcome.regrets)
    assert outcome.wall_seconds > 0.0


def test_a_rival_that_breaks_down_says_why() -> None:
    with pytest.raises(turns.RivalError, match="No module named"):
        turns.play_rival(BanditPyLib, Path(sys.executable), Problem("ucb1", [0.2, 0.8], 50, 1), 0.01)


def test_an_answer_without_figures_is_a_failure(tmp_path: Path) -> None:
    chatty = tmp_path / "python"
    chatty.write_text("#!/bin/sh\necho hello\n")
    chatty.chmod(0o755)
    with pytest.raises(turns.RivalError, match="no figures in its answer: hello"):
        turns.play_rival(PlainPython, chatty, Problem("wilson_sample", [0.2, 0.8], 50, 1), 0.01)


def test_a_rival_that_never_answers_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent = tmp_path / "python"
    silent.write_text("#!/bin/sh\nexec sleep 3600\n")
    silent.chmod(0o755)
    monkeypatch.setattr(turns, "LONGEST_TURN_SECONDS", 0.01)
    with pytest.raises(turns.RivalError, match=r"no answer within 0.01 s"):
        turns.play_rival(PlainPython, silent, Problem("wilson_sample", [0.2, 0.8], 50, 1), 0.01)


def test_replications_follow_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bare, "play", lambda problem, replications: Outcome(problem.pulls * 1e-3, 0.0, []))
    problem = Problem("ucb1", [0.1, 0.9], 1_000, 1)  # a second a replication
    assert [Bare.replications(problem, seconds) for seconds in (0.5, 7.5, 1e6)] == [3, 7, 100]


class FakeMab:
    """Answers with arm 0 as often as asked, and remembers what it was taught."""

    def __init__(self) -> None:
        self.taught: list[tuple[list[int], list[int]]] = []

    def predict(self, contexts: list[object]) -> list[int]:
        return [0] * len(contexts)

    def partial_fit(self, arms: list[int], rewards: list[int]) -> None:
        self.taught.append((list(arms), list(rewards)))


def test_batches_end_with_the_horizon(monkeypatch: pytest.MonkeyPatch) -> None:
    mab = FakeMab()
    monkeypatch.setattr(mabwiser, "bandit", lambda policy, arms, seed: mab)
    outcome = MABWiserBatch.play(Problem("thompson_beta", [0.2, 0.8], 250, 1), 1)
    assert [len(arms) for arms, _ in mab.taught] == [100, 100, 50]
    assert [set(arms) for arms, _ in mab.taught] == [{0, 1}, {0}, {0}]  # the first before anything was learnt
    assert len(outcome.regrets) == 1


# --- turns


def test_ten_arms_are_those_of_the_textbook_scenario() -> None:
    assert means(10) == list(load("textbook").world.means)
    assert means(3) == pytest.approx([0.1, 0.5, 0.9])


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who played, in order; river fails in its second turn."""
    log: list[str] = []

    def ours(work: Work, refresh_every: int, seed: int) -> Outcome:
        log.append(f"ours {refresh_every}")
        return Outcome(1e-6, 2e-6, [float(seed)] * work.replications)

    def theirs(rival: type[Rival], python: Path, problem: Problem, seconds: float) -> Outcome:
        log.append(rival.name)
        if rival is River and log.count("river") == 2:
            raise turns.RivalError("out of breath")
        return Outcome(4e-4, 6e-4, [1.0, 2.0])

    monkeypatch.setattr(turns, "play_ours", ours)
    monkeypatch.setattr(turns, "play_rival", theirs)
    return log


def test_turns_alternate_and_who_fails_sits_out(log: list[str]) -> None:
    pythons = dict.fromkeys((River, MABWiserBatch, PlainPython), Path("python"))
    matches = turns.measure(Work("thompson_beta", 3, 200, 2), pythons, rounds=3, seconds=1.0)
    compiling = 2
    played = ["ours 1", "river", "ours 100", MABWiserBatch.name]
    assert log[compiling:] == [*played, *played, *played[2:]]
    assert [match.failure for match in matches] == ["out of breath", ""]
    assert matches[1].theirs.cpu_ns == pytest.approx(1e9 * 4e-4 / (200 * 2))
    assert matches[1].ours.regrets == [102.0, 102.0, 202.0, 202.0, 302.0, 302.0]


def test_all_our_turns_of_a_kind_count_for_our_regret(log: list[str]) -> None:
    pythons = dict.fromkeys((River, MABWiser), Path("python"))
    matches = turns.measure(Work("ucb1", 3, 200, 1), pythons, rounds=1, seconds=1.0)
    assert [match.ours.regrets for match in matches] == [[101.0, 102.0], [101.0, 102.0]]


def compared(policy: str, with_policy: str, seed: int) -> Row:
    work = Work(policy, 3, 500, 300)
    match = Match(PlainNumPy)
    match.ours.add(turns.play_ours(work, 1, seed), work.pulls)
    theirs = PlainNumPy.play(Problem(with_policy, means(3), work.pulls, seed), 300)
    match.theirs.add(theirs, work.pulls)
    return row(work, match)


@pytest.mark.parametrize("policy", command.POLICIES)
@pytest.mark.slow
def test_plain_numpy_plays_our_rules(policy: str) -> None:
    """False alarms: 1e-4 a policy."""
    assert compared(policy, policy, seed=7).agrees


def test_another_rule_does_not_agree() -> None:
    assert not compared("ucb1", "thompson_beta", seed=7).agrees


# --- report


def test_a_row_holds_medians_and_an_interval() -> None:
    ours = Sample(cpu=[10.0, 30.0, 11.0], wall=[12.0, 12.0, 40.0], regrets=[1.0, 2.0, 3.0] * 50)
    theirs = Sample(cpu=[100.0, 110.0, 990.0], wall=[120.0] * 3, regrets=[1.0, 2.0, 3.0] * 40)
    found = row(WORK, Match(River, ours, theirs))
    assert (found.ours_cpu, found.rival_cpu, found.ratio, found.replications) == (11.0, 110.0, 10.0, 120)
    assert found.agrees
    assert found.low == pytest.approx(-found.high)
    assert not row(WORK, Match(River, ours, Sample([1.0], [1.0], [2.0, 3.0, 4.0] * 40))).agrees


def test_lines_have_as_many_cells_as_the_head() -> None:
    rows = [measured(River, 123.4), Row(WORK, Coba, failure="a | b\nc")]
    lines = table(rows).splitlines()
    assert {text.replace("\\|", "").count("|") for text in lines} == {11}
    assert (
        "| 10 | ucb1 | river | 20 (21) | 2,468 (2,591) | 123 × | 123 × | 5.0 | 5.5 (10) | yes (-1.0 … +0.5) |" in lines
    )
    assert "failed: a \\| b c" in lines[-1]
    assert "**no**" in line(Row(WORK, Coba, ours_cpu=1.0, ours_wall=1.0, low=0.1, high=0.2))


def test_cells_stay_short() -> None:
    assert len(cell("x" * 10_000)) < 1_000


def test_bars_judge_the_strongest_package() -> None:
    rows = [measured(River, 120.0), measured(MABWiser, 300.0), measured(MABWiserBatch, 40.0), measured(PlainNumPy, 3.0)]
    assert bars_table(rows).splitlines()[-1] == (
        "| ucb1 | 10 | 100 × | river | 120 × | yes | MABWiser, batches | 40 × | **no** | 3 × |"
    )


@pytest.mark.parametrize(
    ("policy", "arms", "bar"),
    [("thompson_beta", 10, 60), ("thompson_beta", 100, 15), ("kl_ucb", 100, 80), ("kl_ucb", 10, 100), ("ucb1", 7, 100)],
)
def test_bars_are_those_promised(policy: str, arms: int, bar: int) -> None:
    short, enough = (bars_table([measured(River, ratio, policy, arms)]) for ratio in (bar - 0.6, bar))
    assert f"| {bar} × | river | {bar - 0.6:.1f} × | **no** |" in short
    assert f"| {bar} × | river | {bar:.0f} × | yes |" in enough


def test_what_is_no_package_counts_only_where_none_has_the_rule() -> None:
    plain, package = measured(PlainPython, 5.0), measured(River, 50.0)
    assert strongest([plain, package]) is package
    assert strongest([plain]) is plain
    assert strongest([]) is None
    assert "none has it: plain Python" in bars_table([plain])


def test_a_rival_that_failed_decides_nothing() -> None:
    assert (
        bars_table([Row(WORK, River, failure="broken")]).splitlines()[-1].startswith("| ucb1 | 3 | 100 × | – | – | –")
    )


def test_notes_name_what_is_not_compared() -> None:
    options = Namespace(arms=[3, 100], pulls=200, replications=10, rounds=5, policies=["ucb1"])
    text = notes(options, [Coba, MABWiserBatch], {BanditPyLib: "ERROR: gone"})
    assert "3 arms with means 0.1, 0.5, 0.9; 100 arms with means evenly spaced from 0.1 to 0.9" in text
    assert "coba's ucb1" in text
    assert "`refresh_every: 100`" in text
    assert "BanditPyLib did not install here: ERROR: gone" in text
    assert left_out(Coba, ["kl_ucb"]) == []


# --- the command


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["peers", *words])
    return command.main()


def test_the_command_from_end_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rivals that need nothing installed, at a size that says nothing of speed. False alarms: 1e-4."""
    words = ["--arms", "3", "--pulls", "200", "--rounds", "2", "--seconds", "0.05"]
    words += ["--policies", "wilson_sample", "--rivals", "plain-python"]
    places = ["--environments", str(tmp_path / "kept"), "--output", str(tmp_path / "table.md")]
    assert run(monkeypatch, *words, *places) == 0
    shown = capsys.readouterr()
    assert (tmp_path / "table.md").read_text(encoding="utf-8") == shown.out
    assert "| 3 | wilson_sample | plain Python |" in shown.out
    assert "| 3 | wilson_sample | plain Python |" in shown.err
    assert "none has it: plain Python" in shown.out


def test_a_disagreement_is_exit_code_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "play_ours", lambda work, refresh, seed: Outcome(1e-6, 1e-6, [1.0, 1.1, 1.2]))
    monkeypatch.setattr(turns, "play_rival", lambda *_: Outcome(1e-4, 1e-4, [9.0, 9.1, 9.2]))
    words = ["--arms", "3", "--rounds", "5", "--policies", "wilson_sample", "--rivals", "plain-python"]
    assert run(monkeypatch, *words, "--environments", str(tmp_path)) == 1


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="choose another folder by --environments"):
        run(monkeypatch, "--environments", str(tmp_path / "file" / "folder"))


@pytest.mark.parametrize(
    "words",
    [["--arms", "1"], ["--rounds", "0"], ["--rivals", "nobody"], ["--pulls", "x"], ["--output", "no/such/folder/x.md"]],
)
def test_nonsense_is_refused(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, *words)
    assert stop.value.code == 2
    assert words[0] in capsys.readouterr().err


def test_a_problem_survives_its_way_to_the_rival() -> None:
    problem = WORK.problem(seed=3)
    assert Problem(**json.loads(json.dumps(problem.__dict__))) == problem
