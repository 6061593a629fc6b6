"""Scenarios with many problems, or far too large: all problems at once, with little work."""

import pickle

import pytest

from sim.errors import ScenarioError
from sim.scenario import load
from work import calls

GOOD = """\
name: good
seed: 7
replications: 10
horizon: {pulls: 1000}
world:
  kind: bernoulli
  means: [0.1, 0.2]
policies: [ucb1, greedy]
record: {curve_points: 10}
"""


# Twice what the costliest flood here takes.
MOST_CALLS = 2_000_000


def problems(text):
    with pytest.raises(ScenarioError) as caught:
        load(text)
    return caught.value.problems


def changed(text, old, new):
    assert text.count(old) == 1
    return text.replace(old, new)


@pytest.mark.parametrize("key", ["name", "horizon", "world", "policies"])
def test_a_section_that_must_be_given(key):
    scenario = load(GOOD).content()
    del scenario[key]
    with pytest.raises(ScenarioError) as caught:
        load(scenario)
    assert [(each.key, each.message) for each in caught.value.problems] == [(key, "missing; it has no default")]


@pytest.mark.parametrize("value", ["[]", "ucb1", "{}", "null", "5"])
def test_policies_are_a_list_of_at_least_one(value):
    text = changed(GOOD, "[ucb1, greedy]", value)
    assert [each.key for each in problems(text)] == ["policies"]


@pytest.mark.parametrize(
    ("overrides", "key", "words"),
    [
        (["replications=1000000", "record.curve_points=10000"], "replications", "20,000,000,000 curve rows"),
        (
            ["replications=1000000", "record.curve_points=100"],
            "replications",
            "the limit is 100,000,000; `record.curve_points` of at most 50 fit",
        ),
        (["replications=1000000", "horizon.pulls=1000000000"], "horizon", "arm scores"),
        (
            ["world={kind: bernoulli, arms: 100000, prior: {beta: [1, 1]}}", "replications=1000"],
            "record.stats",
            "stats: last",
        ),
        (["record.sends=true", "horizon.pulls=1e7"], "record.sends", "2.0e+08 sends to write"),
        (["record.sends=true", "horizon.pulls=3e7"], "record.sends", "3.0e+07 sends in a replication"),
    ],
)
def test_absurd_sizes_are_refused_before_memory_is_taken(overrides, key, words):
    with pytest.raises(ScenarioError) as caught:
        load(GOOD, overrides)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert words in problem.message
    assert "the limit is " in problem.message


@pytest.mark.parametrize("days", ["5e-324", "1e-300", "0.0009", "0", "-1"])
@pytest.mark.parametrize("kind", ["traffic, pages: 2", "table, source: counts.csv"])
def test_a_horizon_too_short_for_anything_is_refused(days, kind):
    head = f"version: 1\nname: x\nreplications: 1\nhorizon: {{days: {days}}}\n"
    text = f"{head}world: {{kind: {kind}}}\npolicies: [uniform]\n"
    (problem,) = problems(text)
    assert (problem.line, problem.key) == (4, "horizon.days")
    assert f"must be at least 0.001, got {days}" in problem.message


def test_every_problem_at_once_in_the_order_of_the_file():
    text = """\
name: Not Good
seed: -1
seed: 2
horizon: {days: 3}
world:
  kind: bernoulli
  means: [0.1, 0.2]
  changes: [{at: 5, means: [1, 1, 1]}]
policies:
  - ucb
  - {kind: ucb1, name: x, alpha: -1, beta: 2}
  - {kind: greedy, name: x}
record: {curve: 5, stats: most}
checks:
  - {metric: regret, policy: y, at_most: 5}
extra: 1
"""
    assert [(each.line, each.key) for each in problems(text)] == [
        (1, "name"),
        (2, "seed"),
        (3, "seed"),
        (4, "horizon.days"),
        (8, "world.changes.0.means"),
        (10, "policies.0.kind"),
        (11, "policies.1.alpha"),
        (11, "policies.1.beta"),
        (12, "policies.2"),
        (13, "record.stats"),
        (13, "record.curve"),
        (15, "checks.0.policy"),
        (16, "extra"),
    ]


def test_a_flood_of_problems_is_cut_short():
    text = changed(GOOD, "[0.1, 0.2]", "[" + "2, " * 500 + "2]")
    found = problems(text)
    assert len(found) == 51
    assert found[-1].message == "and 451 more problems"


@pytest.mark.parametrize("value", ["hello\nworld\n", "- a\n- b\n", "5\n", "null\n"])
def test_a_scenario_is_a_mapping(value):
    (problem,) = problems(value)
    assert problem.line == 1
    assert problem.message.startswith("expected a mapping")


FLOODS = {
    "policies": "policies:\n" + "- ucb\n" * 99,
    "too many policies": "policies:\n" + "- ucb\n" * 2_000,
    "parameters": "policies:\n" + "- {kind: ucb1, a: 1, b: 2, c: 3, x: 3, e: 1, f: 1, g: 1}\n" * 99,
    "checks": "checks:\n" + "- {metric: x}\n" * 1_000,
    "changes": "world:\n  kind: bernoulli\n  changes:\n" + "  - {at: 1, means: 3}\n" * 600,
    "keys": "\n".join(f"{'key' * 20}{i}: 1" for i in range(900)),
    "rates": "world: {kind: bernoulli, means: [" + "2," * 2_000 + "2]}\n",
    "names": "policies:\n" + f"- {{kind: {'w' * 500}}}\n" * 90,
}


@pytest.mark.parametrize("text", FLOODS.values(), ids=FLOODS)
def test_floods_are_refused_with_little_work(text):
    load(GOOD)  # the policies are imported
    assert calls(lambda: problems(text)) < MOST_CALLS


def test_an_error_survives_the_way_between_processes():
    with pytest.raises(ScenarioError) as caught:
        load(changed(GOOD, "seed: 7", "seeds: 7"))
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.problems == caught.value.problems
    assert str(again) == str(caught.value)
    assert again.exit_code == 2
