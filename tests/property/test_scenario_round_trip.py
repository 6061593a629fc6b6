"""A scenario written down with every default filled in is the same scenario, however it is laid out."""

import dataclasses
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.registry import kinds
from sim.scenario import load

probabilities = st.floats(0, 1)
names = st.from_regex(r"[A-Za-z0-9_-]([A-Za-z0-9_.-]{0,8}[A-Za-z0-9_-])?", fullmatch=True)
sources = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@st.composite
def bernoulli(draw):
    arms = draw(st.integers(2, 5))
    rates = st.lists(probabilities, min_size=arms, max_size=arms)
    world = {"kind": "bernoulli"}
    if draw(st.booleans()):
        world["means"] = draw(rates)
    else:
        world |= {"arms": arms, "prior": {"beta": draw(st.tuples(*[st.floats(1e-6, 1e6)] * 2))}}
        world["churn"] = draw(st.none() | st.fixed_dictionaries({"probability": probabilities}))
    moments = sorted(draw(st.sets(st.integers(1, 999), max_size=3)))
    world["changes"] = [{"at": at, "means": draw(rates)} for at in moments]
    delay = st.integers(0, 10**6) | st.fixed_dictionaries({"geometric": st.floats(0, 1e6)})
    feedback = {"refresh_every": draw(st.integers(1, 10**6)), "delay": draw(delay)}
    return {"world": world, "feedback": feedback, "horizon": {"pulls": draw(st.integers(1000, 10**5))}}


@st.composite
def table(draw):
    world = {"kind": "table", "source": draw(sources), "columns": {"page": draw(sources)}}
    world |= {"rates": draw(st.sampled_from(["drawn", "observed"])), "sends_per_day": draw(st.integers(1, 9))}
    feedback = {"refresh_hours": draw(st.floats(0.02, 8760))}
    return {"world": world, "feedback": feedback, "horizon": {"days": draw(st.floats(1e-3, 100))}, "selection": {}}


@st.composite
def traffic(draw):
    world = {"kind": "traffic", "pages": draw(st.integers(1, 9)), "bank": {"captions": draw(st.integers(4, 500))}}
    world["audience"] = draw(st.just({}) | st.fixed_dictionaries({"fixed": st.integers(1, 10**6)}))
    selection = {"cool_down_days": draw(st.floats(0, 30))}
    return {"world": world, "horizon": {"days": draw(st.floats(0.5, 100))}, "selection": selection}


@st.composite
def policies(draw):
    entries = []
    for name in draw(st.lists(names, min_size=1, max_size=4, unique_by=str.casefold)):
        kind = draw(st.sampled_from(sorted(kinds())))
        given_parameters = [item for item in dataclasses.fields(kinds()[kind]) if draw(st.booleans())]
        entries.append({"kind": kind, "name": name, **{item.name: item.default for item in given_parameters}})
    return entries


@st.composite
def scenarios(draw):
    content = draw(bernoulli() | table() | traffic())
    content["policies"] = draw(policies())
    content["name"] = draw(st.from_regex(r"[a-z0-9_-]{1,12}", fullmatch=True))
    content["seed"] = draw(st.integers(0, 2**63 - 1))
    content["replications"] = draw(st.integers(1, 100))
    content["record"] = {"stats": draw(st.sampled_from(["all", "last", "none"]))}
    policy = draw(st.sampled_from(content["policies"]))["name"]
    limit = draw(st.floats(allow_nan=False, allow_infinity=False))
    content["checks"] = [
        {"metric": draw(st.sampled_from(["regret", "locked_out"])), "policy": policy, "at_least": limit}
    ]
    return content


def shuffled(value, luck):
    """The same content, the keys of every mapping in another order."""
    if isinstance(value, dict):
        keys = sorted(value)
        luck.shuffle(keys)
        return {key: shuffled(value[key], luck) for key in keys}
    return [shuffled(item, luck) for item in value] if isinstance(value, list) else value


@settings(max_examples=150, deadline=None)
@given(scenarios())
@pytest.mark.slow
def test_written_and_read_again(content):
    scenario = load(content)
    text = scenario.to_yaml()
    again = load(text)
    assert again == scenario
    assert again.to_yaml() == text


@settings(max_examples=80, deadline=None)
@given(scenarios(), st.integers(0, 10**9))
def test_the_digest_forgets_the_layout(content, seed):
    if content["world"]["kind"] == "table":
        del content["world"]["source"]
    scenario = load(content)
    as_json = json.dumps(shuffled(scenario.content(), random.Random(seed)), indent=seed % 3)
    assert load(as_json + "\n").digest == scenario.digest
    assert load(scenario, [f"seed={scenario.seed ^ 1}"]).digest != scenario.digest
