"""The JSON Schema for editors, and the page that is written from it."""

import dataclasses
from pathlib import Path

import jsonschema
import pytest

from policies.registry import kinds
from scenarios import names
from sim.errors import ScenarioError
from sim.scenario import load
from sim.scenario.reference import reference
from sim.scenario.schema import scenario_schema


@pytest.fixture(scope="module")
def schema():
    return scenario_schema()


@pytest.fixture(scope="module")
def validator(schema):
    return jsonschema.Draft202012Validator(schema)


def test_it_is_a_schema_of_its_draft(schema):
    jsonschema.Draft202012Validator.check_schema(schema)


def keywords(value):
    """Every keyword used anywhere, names of properties and definitions and the values of defaults left out."""
    if isinstance(value, list):
        for item in value:
            yield from keywords(item)
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key in ("properties", "$defs"):
                yield from (found for inner in item.values() for found in keywords(inner))
            elif key not in ("default", "enum", "const"):
                yield from keywords(item)


def test_it_uses_words_of_the_standard_only(schema):
    assert set(keywords(schema)) <= {
        *("$schema", "$defs", "$ref", "title", "description", "default", "type", "enum", "const"),
        *("properties", "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "pattern"),
        *("anyOf", "oneOf", "allOf", "if", "then"),
    }


def test_every_key_of_every_section_is_described(schema):
    for name, definition in schema["$defs"].items():
        for key, item in definition["properties"].items():
            if key != "kind":
                inner = schema["$defs"].get(item.get("$ref", "").rsplit("/", 1)[-1], {})
                assert item.get("description") or inner.get("description"), f"{name}.{key}"


def test_every_policy_and_parameter_is_there(schema):
    for kind in kinds():
        properties = schema["$defs"][f"policy_{kind}"]["properties"]
        assert set(properties) == {
            "kind",
            "name",
            "pool",
            "renew",
            *(item.name for item in dataclasses.fields(kinds()[kind])),
        }


@pytest.mark.parametrize("name", names())
def test_shipped_scenarios_pass_it(validator, name):
    validator.validate(load(name).content())


GOOD = {
    "name": "good",
    "horizon": {"pulls": 100},
    "world": {"kind": "bernoulli", "means": [0.1, 0.2]},
    "feedback": {"delay": {"geometric": 2}},
    "policies": ["ucb1", {"kind": "wilson_sample", "name": "w", "z": 1}],
    "checks": [{"metric": "regret", "policy": "w", "at_most": 5}],
}


def test_the_good_one_is_good(validator):
    validator.validate(GOOD)
    load(GOOD)


@pytest.mark.parametrize(
    "change",
    [
        {"seeds": 1},
        {"name": "Not Good"},
        {"name": "x" * 65},
        {"version": 2},
        {"seed": -1},
        {"replications": 0},
        {"replications": 1.5},
        {"replications": 10**7},
        {"horizon": {}},
        {"horizon": {"pulls": 0}},
        {"horizon": {"hours": 1}},
        {"world": {"kind": "casino"}},
        {"world": {"kind": "bernoulli", "means": [0.1]}},
        {"world": {"kind": "bernoulli", "means": [0.1, 1.2]}},
        {"world": {"kind": "bernoulli", "mean": [0.1, 0.2]}},
        {"feedback": {"refresh_hours": 6}},
        {"feedback": {"delay": -1}},
        {"feedback": {"delay": {"geometrical": 1}}},
        {"selection": {"top": 1}},
        {"policies": []},
        {"policies": ["ucb"], "checks": []},
        {"policies": [{"kind": "ucb1", "beta": 1}], "checks": []},
        {"policies": [{"kind": "ucb1", "alpha": -1}], "checks": []},
        {"policies": [{"kind": "thompson_beta", "prior": [1]}], "checks": []},
        {"policies": [{"kind": "oracle", "by": "luck"}], "checks": []},
        {"policies": [{"kind": "ucb1", "name": "a/b"}], "checks": []},
        {"record": {"stats": "some"}},
        {"record": {"sends": "on"}},
        {"checks": [{"metric": "luck", "policy": "w", "at_most": 5}]},
        {"checks": [{"metric": "regret", "policy": "w", "at_most": 5, "confidence": 1}]},
        {"horizon": {"days": 1}, "world": {"kind": "traffic", "pages": 0}},
        {"horizon": {"days": 1}, "world": {"kind": "table"}, "feedback": {"refresh_hours": 0}},
    ],
    ids=str,
)
def test_editors_and_loader_refuse_alike(validator, change):
    bad = {**GOOD, **change}
    assert not validator.is_valid(bad)
    with pytest.raises(ScenarioError):
        load(bad)


def test_the_page_is_up_to_date():
    page = (Path(__file__).parents[3] / "docs/scenario.md").read_text(encoding="utf-8")
    assert page == reference(), "run: python -m sim.scenario.reference > docs/scenario.md"


def test_the_page_has_a_row_for_every_key(schema):
    cells = [line.split("|")[1].strip(" `") for line in reference().splitlines() if line.startswith("| `")]
    shown = {word.removesuffix("[]") for cell in cells for word in cell.split(".")}
    shown |= {"incidents"}  # a section per kind, whose rows name their keys
    for name, definition in schema["$defs"].items():
        if name.startswith("policy_"):
            assert name.removeprefix("policy_") in shown
        else:
            assert {key for key in definition["properties"] if key not in shown} == set(), name
