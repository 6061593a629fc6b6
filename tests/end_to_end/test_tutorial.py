"""docs/tutorial.md works as written: its files and commands are taken from the page and executed."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.cli import cli

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text("utf-8")


def block(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("my-page")
    (folder / "captions.csv").write_text(block("csv"))
    (folder / "my_page.yaml").write_text(block("yaml"))
    return folder


def smaller(words: list[str]) -> list[str]:
    """The command, with less work where its numbers are not quoted."""
    if words[0] == "power":
        return [*words, "--pilot", "10"]
    return [*words, "--set", "replications=20", "--no-report"] if "--set" in words else words


def test_every_command_works_and_the_leaderboard_is_the_quoted_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    commands = re.findall(r"^python -m sim (.+)$", PAGE, re.MULTILINE)
    assert [command.split()[0] for command in commands] == ["scenarios", "run", "run", "power", "run", "compare"]
    for command in commands:
        done = CliRunner().invoke(cli, smaller(shlex.split(command)), catch_exceptions=False)
        assert done.exit_code == 0, f"{command}: {done.output}"
    run = folder / "runs" / "my_page"
    assert (run / "report.html").stat().st_size > 10_000
    means = {row["policy"]: row["mean_regret"] for row in json.loads((run / "summary.json").read_text())["policies"]}
    quoted = re.findall(r"^(\w+) +([\d.,]+) +\[", block("text"), re.MULTILINE)
    assert {policy: float(mean.replace(",", "")) for policy, mean in quoted} == pytest.approx(means, rel=5e-4)
