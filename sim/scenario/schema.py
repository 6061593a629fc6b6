"""The JSON Schema (draft 2020-12) of a scenario's YAML, for editors: keys, ranges, descriptions, policies.

It says what each section may hold; only `load` checks the rules between sections.
"""

from typing import Any

from pydantic.json_schema import models_json_schema

from sim.scenario.model import SCENARIOS
from sim.scenario.policies import entry_model, known_kinds
from sim.scenario.worlds import WORLDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/{model}"


def scenario_schema() -> dict[str, Any]:
    """The whole schema, as plain values."""
    definitions = _definitions()
    shared = set.intersection(
        *(set(map(str, definitions[model.__name__]["properties"])) for model in SCENARIOS.values())
    )
    return {
        "$schema": DIALECT,
        "title": "caption-bandit-sim scenario",
        "type": "object",
        "required": ["name", "horizon", "world", "policies"],
        "properties": {
            **dict.fromkeys(sorted(shared), True),
            "world": {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": list(SCENARIOS)}}},
        },
        "allOf": [_of_world(kind) for kind in SCENARIOS],
        "$defs": definitions,
    }


def _of_world(kind: str) -> dict[str, Any]:
    """What the world's kind decides about the other sections."""
    condition = {
        "required": ["world"],
        "properties": {"world": {"required": ["kind"], "properties": {"kind": {"const": kind}}}},
    }
    model = SCENARIOS[kind]
    horizon = {"properties": {"horizon": {"required": [WORLDS[kind].horizon]}}}
    return {"if": condition, "then": {"allOf": [_ref(model.__name__), horizon]}}


def _definitions() -> dict[str, Any]:
    entries = [entry_model(kind) for kind in known_kinds()]
    wanted: list[Any] = [(model, "validation") for model in (*SCENARIOS.values(), *entries)]
    _, schema = models_json_schema(wanted, ref_template=_REFERENCE)
    definitions: dict[str, Any] = _standard(schema["$defs"])
    for model in SCENARIOS.values():
        definitions[model.__name__]["properties"]["policies"]["items"] = {
            "anyOf": [{"enum": list(known_kinds())}, *(_ref(entry.__name__) for entry in entries)]
        }
    del definitions["PolicySpec"]
    return definitions


def _standard(value: Any) -> Any:
    """The same in the words of JSON Schema: pydantic leaves its own for bounds of a number that it converts first."""
    if isinstance(value, list):
        return [_standard(item) for item in value]
    if not isinstance(value, dict):
        return value
    words = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
    return {words.get(key, key): _standard(item) for key, item in value.items() if not _is_superfluous(key, item)}


def _is_superfluous(key: str, item: Any) -> bool:
    # pydantic's titles repeat the key; a property that is called "title" is a mapping. `discriminator` is no standard.
    return (key == "title" and isinstance(item, str)) or (key == "discriminator" and "propertyName" in item)


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(model=name)}
