"""What README.md and docs tell a first-time user to type works on the run that the first command leaves."""

import ast
import re
from pathlib import Path

import sim
from sim.scenario import load
from sim.worlds.engine import recorded

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def kept_by_quickstart() -> list[int]:
    scenario = load("quickstart")
    return recorded(scenario.record.stats, scenario.replications, range(scenario.replications))


def test_the_statistics_that_the_readme_asks_for_are_kept() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    ast.parse(example)
    assert 'sim.load_run("runs/quickstart")' in example
    policy, number = re.findall(r'run\.stats\("(\w+)", (\d+)\)', example)[0]
    assert policy in [spec.name for spec in load("quickstart").policies]
    assert int(number) in kept_by_quickstart()


def test_commands_that_load_the_first_run_ask_for_what_it_keeps() -> None:
    pages = [README, *(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))]
    commands = [line for page in pages for line in page.splitlines() if "sim load runs/quickstart" in line]
    assert len(commands) >= 2
    asked = [int(number) for line in commands for number in re.findall(r"--replication (\d+)", line)]
    assert set(asked) <= set(kept_by_quickstart())


def test_completion_knows_the_python_api() -> None:
    assert {"run", "load_run", "Run"} <= set(dir(sim))
