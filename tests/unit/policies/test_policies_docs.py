"""docs/policies.md names every policy, parameter and source; its worked example runs as an installed plug-in."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from policies.registry import kinds
from sim.commands.policies import _described, _shown

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    parts = re.split(r"^### `(\w+)`$", TEXT, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_each_kind_is_documented_once() -> None:
    own = {kind for kind, policy in kinds().items() if policy.__module__.startswith("policies.")}
    assert set(sections()) == own
    assert len(re.findall(r"^### ", TEXT, flags=re.MULTILINE)) == len(own)


@pytest.mark.parametrize("kind", sections())
def test_a_section_has_a_formula_every_parameter_and_the_source(kind: str) -> None:
    section, known = sections()[kind], _described(kinds()[kind])
    assert re.search(r"^    .*(score|P\(arm\))", section, flags=re.MULTILINE)
    rows = [
        f"| `{item['name']}` | {_shown(item['default'])} | {item['range'].replace('|', 'or')} | {item['doc']} |"
        for item in known["parameters"]
    ]
    assert re.findall(r"^\| `.*$", section, flags=re.MULTILINE) == rows
    assert f"Source: {known['source']}." in section


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The worked example as a package that is installed beside the project, with its entry point."""
    module, test = _blocks("python")
    (tmp_path / "optimistic_greedy.py").write_text(module, encoding="utf-8")
    (tmp_path / "check_it.py").write_text(test + "\n\ntest_optimistic_greedy()\n", encoding="utf-8")
    entry = _blocks("toml")[0].replace("[project.entry-points.", "[").replace('"', "")
    information = tmp_path / "optimistic_greedy-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: optimistic-greedy\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(entry)
    return tmp_path


def _python(where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(where), str(ROOT)])}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_the_worked_example_is_found_and_listed(installed: Path) -> None:
    result = _python(installed, "-m", "sim", "policies", "optimistic_greedy", "--json")
    assert result.returncode == 0, result.stderr
    (entry,) = json.loads(result.stdout)
    assert entry["parameters"][0]["name"] == "optimism"
    assert entry["module"] == "optimistic_greedy"


def test_the_worked_example_passes_its_own_check(installed: Path) -> None:
    result = _python(installed, "-W", "error", str(installed / "check_it.py"))
    assert result.returncode == 0, result.stderr


def test_the_scenario_snippet_names_real_policies() -> None:
    named = re.findall(r"(?:^  - |kind: )(\w+)", _blocks("yaml")[0], flags=re.MULTILINE)
    assert named == ["wilson_sample", "thompson_beta"]
    assert set(named) <= set(kinds())
