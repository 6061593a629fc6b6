"""`policies` on the command line: every policy, in a table that fits the terminal, or as JSON."""

import dataclasses
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from policies import registry
from policies.registry import kinds
from sim.commands.policies import command
from sim.errors import InputError


def run(*arguments: str, columns: int = 90) -> str:
    result = CliRunner(env={"COLUMNS": str(columns)}).invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_every_policy_stands_with_parameters_and_source() -> None:
    blocks = {block.splitlines()[0]: " ".join(block.split()) for block in run().split("\n\n")}
    assert list(blocks) == list(kinds())
    for kind, block in blocks.items():
        assert kinds()[kind].source in block
        for item in dataclasses.fields(kinds()[kind]):
            assert f" {item.name} " in block


@pytest.mark.parametrize("columns", [40, 72, 110, 300])
def test_lines_fit_the_terminal(columns: int) -> None:
    assert max(map(len, run(columns=columns).splitlines())) <= min(columns, 110)


def test_defaults_are_written_as_in_a_scenario() -> None:
    text = run("thompson_beta", "moss", "ucb1")
    assert "prior  [1, 1]" in text
    assert "horizon  null" in text
    assert "alpha  2 " in text


def test_json_holds_all_of_it() -> None:
    listed = {entry["kind"]: entry for entry in json.loads(run("--json"))}
    assert list(listed) == list(kinds())
    assert listed["exp3"]["parameters"] == [
        {"name": "gamma", "default": 0.1, "range": "> 0, <= 1", "doc": "share of uniform exploration"}
    ]
    assert listed["oracle"]["parameters"][0]["range"] == "reward | revenue"


def test_named_policies_come_alone_and_unknown_ones_are_refused() -> None:
    assert [entry["kind"] for entry in json.loads(run("ucb1", "greedy", "--json"))] == ["ucb1", "greedy"]
    with pytest.raises(InputError, match="no such policy: ucb9"):
        run("ucb9")


def test_a_broken_plug_in_is_noted_beside_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"ucb1": kinds()["ucb1"]}
    monkeypatch.setattr(registry, "_found", lambda: (found, {"odd": "RuntimeError: no"}))
    result = CliRunner().invoke(command, ["--json"])
    assert json.loads(result.stdout)[0]["kind"] == "ucb1"
    assert "plug-in 'odd' could not be loaded: RuntimeError: no" in result.stderr


def test_the_listing_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom sim.commands.policies import command\ncommand(['--json'], standalone_mode=False)\n"
        "heavy = {'numba', 'polars', 'scipy', 'matplotlib', 'pandas', 'simpy', 'rich'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
