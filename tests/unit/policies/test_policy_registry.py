"""Policies are found by kind, built from plain parameters, and refused with a message that names what is wrong."""

import dataclasses
import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from policies import registry
from policies.base import Memory, Policy
from policies.maths import wilson
from policies.registry import broken, build, kinds, policies_in

EXPECTED = {
    "uniform",
    "oracle",
    "greedy",
    "epsilon_greedy",
    "explore_then_commit",
    "ucb1",
    "ucb_tuned",
    "kl_ucb",
    "moss",
    "bayes_ucb",
    "thompson_beta",
    "thompson_empirical_bayes",
    "wilson_sample",
    "wilson_upper",
    "wilson_lower",
    "wilson_normal",
    "boltzmann",
    "exp3",
    "discounted_thompson",
    "discounted_ucb",
    "sliding_window_ucb",
    "sliding_window_thompson",
    "round_robin",
    "posterior_mean",
    "cbt",
    "subsampled_greedy",
    "imed",
    "ogi",
    "top_two_thompson",
    "wilson_widening",
    "gamma_poisson",
    "gamma_poisson_bands",
    "pooled_thompson",
    "pooled_wilson",
    "pooled_gamma_poisson",
    "pooled_posterior_mean",
    "recovering_softmax",
    "planning_oracle",
    "wilson_gaussian",
    "beta_logit_normal",
    "beta_wilson_hilferty",
    "beta_arcsine",
}


def test_all_kinds_are_there_in_alphabetical_order() -> None:
    assert set(kinds()) >= EXPECTED
    assert list(kinds()) == sorted(kinds())


@pytest.mark.parametrize("kind", kinds())
def test_a_kind_is_one_file_of_its_name(kind: str) -> None:
    if kind in EXPECTED:
        assert kinds()[kind].__module__ == f"policies.{kind}"


def test_lists_from_yaml_become_tuples() -> None:
    assert build("thompson_beta", {"prior": [2, 3]}).parameters() == (2.0, 3.0)
    assert build("thompson_beta", {"prior": [1, 1]}) == build("thompson_beta")


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("ucb", {}, "unknown policy 'ucb'; known: "),
    ("zzz", {}, "unknown policy 'zzz'; known: bayes_ucb"),
    ("ucb1", {"alfa": 1.0}, "alfa: ucb1 has no such parameter; known: alpha"),
    ("greedy", {"x": 1.0}, "x: greedy has no such parameter; known: none"),
    ("ucb1", {"alpha": "2"}, "alpha: expected a finite number, got '2'"),
    ("ucb1", {"alpha": None}, "alpha: expected a finite number, got None"),
    ("ucb1", {"alpha": [1, 2]}, "alpha: expected a finite number"),
    ("ucb1", {"alpha": True}, "alpha: expected a finite number"),
    ("ucb1", {"alpha": float("nan")}, "alpha: expected a finite number"),
    ("ucb1", {"alpha": -0.1}, "alpha: must be at least 0"),
    ("epsilon_greedy", {"epsilon": 1.5}, "epsilon: must be at most 1"),
    ("boltzmann", {"temperature": 0}, "temperature: must be at least 1e-06"),
    ("exp3", {"gamma": 0}, "gamma: must be above 0"),
    ("explore_then_commit", {"m": 2.5}, "m: must be a whole number, got 2.5"),
    ("explore_then_commit", {"m": 0}, "m: must be at least 1"),
    ("thompson_beta", {"prior": [1]}, "prior: expected 2 numbers"),
    ("thompson_beta", {"prior": 1}, "prior: expected 2 numbers"),
    ("thompson_beta", {"prior": [0, 1]}, "prior: must be above 0"),
    ("oracle", {"by": "luck"}, "by: must be one of reward, revenue, got 'luck'"),
    ("moss", {"horizon": 0.5}, "horizon: must be at least 1"),
]


@pytest.mark.parametrize(("kind", "params", "message"), BAD)
def test_what_is_wrong_is_named(kind: str, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        build(kind, params)


def test_memory_and_truth_follow_the_parameters() -> None:
    assert build("discounted_ucb", {"discount": 0.9}).memory == Memory(discount=0.9)
    assert build("sliding_window_thompson", {"window": 7}).memory == Memory(window=7)
    assert build("ucb1").memory.cumulative
    assert not build("discounted_thompson").memory.cumulative
    assert not build("sliding_window_ucb").memory.cumulative
    assert (build("oracle").true_mean_of, build("oracle", {"by": "revenue"}).true_mean_of) == ("reward", "revenue")


def test_parameters_are_described() -> None:
    described = {item.name: item.metadata["doc"] for item in dataclasses.fields(kinds()["moss"])}
    assert list(described) == ["horizon", "alpha"]
    assert all(described.values())


def test_modules_without_a_policy_are_ignored() -> None:
    assert policies_in(wilson) == []


PLUGIN = '''
from dataclasses import dataclass
from policies.base import Policy, Rule

@dataclass(frozen=True, kw_only=True)
class Stranger(Policy):
    """From elsewhere."""
    kind = "{kind}"
    source = "elsewhere"
    rule = Rule(summarise=lambda n, s, w, truth, params: (s, n))
'''


@pytest.fixture
def entry_points(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A function that installs entry points {name: source of a module} for the duration of a test."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(**sources: str) -> None:
        for name, source in sources.items():
            (tmp_path / f"plugin_{name}.py").write_text(source, encoding="utf-8")
            monkeypatch.delitem(sys.modules, f"plugin_{name}", raising=False)
        points = [EntryPoint(name, f"plugin_{name}", registry.GROUP) for name in sources]
        monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.GROUP else [])
        registry._found.cache_clear()

    yield install
    monkeypatch.undo()
    registry._found.cache_clear()


def test_an_entry_point_adds_a_kind(entry_points: Any) -> None:
    entry_points(stranger=PLUGIN.format(kind="stranger"))
    assert isinstance(build("stranger"), Policy)
    assert broken() == {}


def test_a_broken_plug_in_stops_nobody_and_is_mentioned_when_missed(entry_points: Any) -> None:
    entry_points(stranger="raise RuntimeError('half installed')")
    assert build("ucb1")
    with pytest.raises(ValueError, match=r"plug-in 'stranger' could not be loaded \(RuntimeError: half installed\)"):
        build("stranger")


@pytest.mark.parametrize("code", ["0", "'bye'", ""])
def test_a_plug_in_that_exits_ends_nothing(entry_points: Any, code: str) -> None:
    entry_points(leaver=f"import sys\nsys.exit({code})")
    assert "leaver" not in kinds()
    assert broken()["leaver"] == f"ImportError: it calls exit({code or None}) when it is imported"


def test_what_a_plug_in_prints_is_no_result(entry_points: Any, capsys: pytest.CaptureFixture[str]) -> None:
    entry_points(talker="print('hello')\n" + PLUGIN.format(kind="talker"))
    assert "talker" in kinds()
    assert capsys.readouterr() == ("", "hello\n")


def test_a_plug_in_cannot_take_the_name_of_another(entry_points: Any) -> None:
    entry_points(thief=PLUGIN.format(kind="ucb1"))
    assert kinds()["ucb1"].__module__ == "policies.ucb1"
    assert "defined twice" in broken()["thief"]


def test_an_entry_point_without_a_policy_is_broken(entry_points: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    entry_points(number="value = 3")
    point = EntryPoint("number", "plugin_number:value", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [point])
    registry._found.cache_clear()
    assert "neither a Policy" in broken()["number"]


def test_a_module_lends_no_policies_that_it_only_imports() -> None:
    module = ModuleType("borrower")
    module.Borrowed = kinds()["ucb1"]  # type: ignore[attr-defined]
    assert policies_in(module) == []
