"""Whatever is read as a scenario, the answer is a scenario or a message: never another exception, never a long wait."""

import copy

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sim.errors import InputError, ScenarioError, SimError
from sim.scenario import Scenario, load

BASES = [
    {
        "name": "a",
        "horizon": {"pulls": 1000},
        "world": {
            "kind": "bernoulli",
            "arms": 3,
            "prior": {"beta": [1, 1]},
            "changes": [{"at": 10, "means": [0.1, 0.2, 0.3]}],
            "churn": {"probability": 0.1},
        },
        "feedback": {"refresh_every": 5, "delay": {"geometric": 3}},
        "policies": ["ucb1", {"kind": "thompson_beta", "name": "b", "prior": [1, 2]}],
        "record": {"stats": "last"},
        "checks": [{"metric": "regret", "policy": "ucb1", "not_worse_than": "b"}],
    },
    {
        "name": "t",
        "horizon": {"days": 3},
        "world": {"kind": "table", "columns": {"page": "p"}},
        "feedback": {"refresh_hours": 6},
        "selection": {"top": 1},
        "policies": ["greedy"],
    },
    load("quickstart").content(),
]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["ucb1", "bernoulli", "traffic", "regret", "1e3", "nan"]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


def answer(source):
    """The scenario, or the error: the only two ends."""
    try:
        return load(source)
    except SimError as error:
        assert isinstance(error, InputError), error
        assert str(error)
        return error


def places(tree, path=()):
    """Every path of a tree."""
    yield path
    if isinstance(tree, dict):
        for key in tree:
            yield from places(tree[key], (*path, key))
    if isinstance(tree, list):
        for index, item in enumerate(tree):
            yield from places(item, (*path, index))


def replaced(tree, path, value):
    if not path:
        return value
    tree = copy.copy(tree)
    tree[path[0]] = replaced(tree[path[0]], path[1:], value)
    return tree


@pytest.mark.parametrize("base", BASES, ids=["bernoulli", "table", "traffic"])
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_value_anywhere(base, data):
    path = data.draw(st.sampled_from(list(places(base))))
    changed = replaced(base, path, data.draw(values))
    if isinstance(changed, dict):
        found = answer(changed)
        assert isinstance(found, (Scenario, ScenarioError))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("abc019-:?[]{},&*!|>'\"%@#\n \t.~\\\0é"), max_size=60))
@example("- - - -")
@example("%YAML 1.2 3\n---\n")
@example("a: !<tag:x> b")
@example('"\\UFFFFFFFF"')
@example("? a\n? b\n: [")
def test_any_text(text):
    assert isinstance(answer(text + "\n"), ScenarioError)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("bytes") / "x.yaml"
    path.write_bytes(data)
    assert isinstance(answer(path), ScenarioError)


words = st.sampled_from(["policies", "world", "0", "means", "kind", "", "9", "-1", "x", "seed", "²", "horizon"])


@settings(max_examples=200, deadline=None)
@given(st.lists(words, max_size=4), st.sampled_from(["1", "[", "{a: 1}", "", "x", "&a 1", "nan"]))
def test_any_override(path, value):
    try:
        load(BASES[0], [".".join(path) + "=" + value])
    except InputError as error:
        assert str(error)
