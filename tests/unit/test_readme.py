"""What README.md and docs tell a first-time user to type works on the run that the first command leaves."""

import ast
import re
from pathlib import Path

import sim
from scenarios import names
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


def test_the_readme_counts_the_policies() -> None:
    (stated,) = re.findall(r"\| (\d+), with `wilson_sample`", README)
    assert int(stated) == len(shipped_policies())


def shipped_policies() -> set[str]:
    """The kinds that the files of policies/ declare."""
    texts = (file.read_text(encoding="utf-8") for file in (ROOT / "policies").glob("*.py"))
    return {kind for text in texts for kind in re.findall(r'kind: ClassVar\[str\] = "(\w+)"', text)}


def test_the_readme_names_every_shipped_scenario() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE)) == set(names())


def test_the_readme_says_what_it_is_before_anything_else() -> None:
    """One sentence of purpose, for whom it is, a diagram, results and commands come in this order."""
    order = [
        "Decide whether",
        "**It is for you**",
        "scenario.yaml",
        "regret, successes",
        "gallery/",
        "## Install",
        "SMPyBandits",
    ]
    places = [README.index(text) for text in order]
    assert places == sorted(places)
    assert max(len(line) for line in README.splitlines()[:16]) <= 100
