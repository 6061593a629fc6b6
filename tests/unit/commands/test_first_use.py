"""What someone who starts meets: a scenario of one's own, numbers as people write them, endings without tracebacks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from sim.cli import cli, exit_code
from sim.commands.options import Count
from sim.scenario import load

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("world", ["traffic", "table", "bernoulli"])
def test_init_writes_a_scenario_that_is_right(world: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    assert exit_code(["scenarios", "init", "mine", "--world", world, "--out", str(path)]) == 0
    scenario = load(path)
    assert (scenario.name, scenario.world.kind) == ("mine", world)
    assert path.read_text("utf-8").count("#") >= 8  # comments explain the keys
    said = capsys.readouterr().out
    assert f"Next: python -m sim run {path}" in said
    assert said.rstrip().endswith("--set world.source=FILE") == (world == "table")  # nobody else can know the file
    path.write_text("changed")
    assert exit_code(["scenarios", "init", "mine", "--out", str(path)]) == 3
    assert path.read_text("utf-8") == "changed"


def test_init_can_print_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.yaml"
    assert exit_code(["scenarios", "init", "mine", "--out", str(path), "--dry-run", "--json"]) == 0
    assert load(json.loads(capsys.readouterr().out)["text"]).name == "mine"
    assert not path.exists()
    assert exit_code(["scenarios", "init", "mine.yaml", "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["file"], load(found["text"]).name) == ("mine.yaml", "mine")


def test_init_refuses_what_cannot_be_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["scenarios", "init", "Not Good", "--dry-run"]) == 2
    assert "cannot be a name: use lower-case letters" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "number"), [("1e6", 10**6), ("1,000,000", 10**6), ("2_000", 2000), ("7", 7)])
def test_counts_as_people_write_them(text: str, number: int) -> None:
    assert Count(1).convert(text, None, None) == number


@pytest.mark.parametrize("text", ["1.5", "1e-3", "x", "0", "-1e3", "nan", "inf", "1e400", ""])
def test_counts_that_are_none(text: str) -> None:
    with pytest.raises(click.UsageError):
        Count(1).convert(text, None, None)


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("policies.wilson_sampl.z=2", 'did you mean "wilson_sample"?'),
        ("world.captions=5", 'did you mean "world.bank.captions"?'),
        ("captions=5", 'did you mean "world.bank.captions"?'),
        ("policies.wilson_sample.zz=2", 'did you mean "z"?'),
        ("name=Not Good", "use lower-case letters, digits, _ and - only"),
    ],
)
def test_a_wrong_override_is_answered_with_the_right_one(
    override: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["scenarios", "check", "quickstart", "--set", override]) == 2
    said = capsys.readouterr().out
    assert words in said
    assert "[a-z" not in said


def test_an_override_reaches_a_policy_by_its_name() -> None:
    scenario = load("quickstart", ["policies.wilson_sample.z=2.5", "policies.greedy.name=g"])
    assert scenario.policies[0].params["z"] == 2.5
    assert "g" in [policy.name for policy in scenario.policies]


def sim(*words: str, cwd: Path, before: str = "", after: str = "", **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    command = f'{before}"$0" -m sim "$@" {after}'
    full = ["bash", "-c", command, sys.executable, *words]
    return subprocess.run(full, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.parametrize(
    ("words", "after", "code", "said"),
    [
        (["scenarios", "list"], ">&-", 3, "standard output is closed"),
        (["scenarios", "list"], "2>&-", 0, ""),
        (["scenarios", "list"], ">/dev/full", 3, "no space left on the disk"),
        (["scenarios", "show", "textbook", "--filled"], "", 0, ""),
        (["run", "x\x1b]0;title\x07", "y\x1b[2J"], "", 2, "unexpected extra argument"),
        (["run", "x\x1b]0;title\x07"], "", 2, "no scenario"),
        (["run", "x" * 5000], "", 3, "File name too long"),
    ],
)
def test_hostile_streams_and_words_end_in_one_message(
    tmp_path: Path, words: list[str], after: str, code: int, said: str
) -> None:
    if after == ">/dev/full" and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    done = sim(*words, cwd=tmp_path, after=after, PYTHONIOENCODING="cp1252")
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "Exception ignored" not in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


def test_errors_as_structured_logs_and_a_debug_bundle(tmp_path: Path) -> None:
    done = sim("run", "nowhere", "--log-format", "json", "--debug", cwd=tmp_path)
    (line,) = done.stderr.splitlines()
    found = json.loads(line)
    assert (found["level"], found["exit_code"], done.returncode) == ("error", 2, 2)
    assert found["message"].startswith("no scenario 'nowhere'")
    assert json.loads((tmp_path / "caption-sim-debug.json").read_text("utf-8"))["exit_code"] == 2
    assert "caption-sim-debug.json" in found["hint"]


@pytest.mark.slow
def test_a_run_folder_is_continued(tmp_path: Path) -> None:
    scenario = tmp_path / "small.yaml"
    scenario.write_text(
        "name: small\nreplications: 2\nhorizon: {pulls: 50}\nworld: {kind: bernoulli, means: [0.1, 0.9]}\n"
        "policies: [uniform]\n"
    )
    assert sim("run", str(scenario), "--no-report", "--workers", "1", cwd=tmp_path).returncode == 0
    before = (tmp_path / "runs/small/replications.parquet").read_bytes()
    again = sim("run", "runs/small", "--no-report", "--workers", "1", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "runs/small/replications.parquet").read_bytes() == before
    assert [path.name for path in (tmp_path / "runs").iterdir() if not path.name.startswith(".")] == ["small"]


def test_a_run_of_centuries_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "table.csv"
    rows = "".join(f"p{page},{caption},100,5\n" for page in range(40) for caption in range(25))
    table.write_text("page_name,caption_id,trials,successes\n" + rows)
    sizes = ["horizon.days=3660", "world.sends_per_day=1000", "world.fans_per_send=1000000", "replications=3000"]
    words = [part for size in [f"world.source={table}", "record.stats=none", *sizes] for part in ("--set", size)]
    assert exit_code(["run", "headline_tests", "--dry-run", *words]) == 2
    assert "years; the limit is 10" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_shells_get_a_completion_script(shell: str, tmp_path: Path) -> None:
    done = sim(cwd=tmp_path, _CAPTION_SIM_COMPLETE=f"{shell}_source")
    assert done.returncode == 0, done.stderr
    assert "_CAPTION_SIM_COMPLETE" in done.stdout
    more = {"_CAPTION_SIM_COMPLETE": "zsh_complete", "COMP_WORDS": "caption-sim ru", "COMP_CWORD": "1"}
    assert "run" in sim(cwd=tmp_path, **more).stdout.split()


@pytest.mark.parametrize("command", ["run", "sweep", "power", "incidents", "scenarios show"])
def test_shells_complete_the_names_of_scenarios_or_files(command: str) -> None:
    def completed(incomplete: str) -> list[tuple[str, str]]:
        found = ShellComplete(cli, {}, "caption-sim", "").get_completions(command.split(), incomplete)
        return [(each.type, each.value) for each in found]

    assert completed("quick") == [("plain", "quickstart")]
    assert len(completed("production")) == 4
    assert completed("./mine") == [("file", "./mine")]
