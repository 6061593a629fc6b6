"""Digests of the code that makes a run: they follow the sources, plug-ins and their helpers included."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import sim
from policies import registry
from policies.base import Policy
from sim.runs.folders import provenance
from sim.runs.folders.provenance import code_digests, engine_digest, policy_digest

PLUGIN = """
import math
import numpy
import plugin_helper
from policies.uniform import *
from policies.base import Policy

class Mine(Policy):
    kind = "mine"

    def parameters(self):
        return (plugin_helper.VALUE,)
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A policy outside the package, with a module of its own beside it."""
    (tmp_path / "plugin_policy.py").write_text(PLUGIN)
    (tmp_path / "plugin_helper.py").write_text("VALUE = 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("plugin_policy")
    kinds: dict[str, type[Policy]] = {**registry.kinds(), "mine": module.Mine}
    monkeypatch.setattr(provenance, "kinds", lambda: kinds)
    policy_digest.cache_clear()
    yield tmp_path
    policy_digest.cache_clear()
    for name in ("plugin_policy", "plugin_helper"):
        sys.modules.pop(name, None)


def fresh_digest(kind: str) -> str:
    policy_digest.cache_clear()
    return policy_digest(kind)


@pytest.mark.parametrize("name", ["plugin_policy.py", "plugin_helper.py"])
def test_an_edited_plugin_has_another_digest(plugin: Path, name: str) -> None:
    before, others = fresh_digest("mine"), fresh_digest("ucb1")
    path = plugin / name
    path.write_text(path.read_text() + "# edited\n")
    assert fresh_digest("mine") != before
    assert fresh_digest("ucb1") == others


def test_line_ends_are_no_edit(plugin: Path) -> None:
    before = fresh_digest("mine")
    path = plugin / "plugin_helper.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert fresh_digest("mine") == before


def test_policies_have_digests_of_their_own() -> None:
    digests = [policy_digest(kind) for kind in registry.kinds()]
    assert len(set(digests)) == len(digests)


def test_each_kind_is_listed_once() -> None:
    assert list(code_digests(["ucb1", "greedy", "ucb1"])) == ["engine", "policy greedy", "policy ucb1"]


def test_the_engine_covers_kernels_worlds_random_numbers_and_tables() -> None:
    home = Path(sim.__file__).parents[1]
    sources = {path for part in provenance.ENGINE for path in provenance._sources(home / part)}
    needed = ["sim/kernels.py", "sim/rng.py", "sim/worlds/engine.py", "sim/tables/observations.py", "policies/base.py"]
    assert {home / name for name in needed} <= sources
    assert len(engine_digest()) == 64


def test_an_edited_kernel_changes_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sim" / "worlds").mkdir(parents=True)
    kernel = tmp_path / "sim" / "worlds" / "kernel.py"
    kernel.write_text("one")
    monkeypatch.setattr(provenance, "_HOME", tmp_path)
    digests = []
    for text in ("one", "two", "one"):
        kernel.write_text(text)
        engine_digest.cache_clear()
        digests.append(engine_digest())
    engine_digest.cache_clear()
    assert digests[0] == digests[2] != digests[1]
