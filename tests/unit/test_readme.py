"""What README.md tells a first-time user to type in Python works on the run that its first command leaves."""

import ast
import re
from pathlib import Path

import sim
from sim.engine import recorded
from sim.scenario import load

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_the_statistics_that_the_readme_asks_for_are_kept() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    ast.parse(example)
    assert 'sim.load_run("runs/quickstart")' in example
    policy, number = re.findall(r'run\.stats\("(\w+)", (\d+)\)', example)[0]
    quickstart = load("quickstart")
    assert policy in [spec.name for spec in quickstart.policies]
    assert int(number) in recorded(quickstart.record.stats, quickstart.replications, range(quickstart.replications))


def test_completion_knows_the_python_api() -> None:
    assert {"run", "load_run", "Run"} <= set(dir(sim))
