"""The JSON Schema (draft 2020-12) of a scenario's YAML, for editors: keys, ranges, descriptions, policies.

It says what each section may hold; the rules between sections are `load`'s alone.
"""

from dataclasses import MISSING, Field
from typing import Any

from pydantic.json_schema import models_json_schema

from sim.scenario.model import MAX_NAME, POLICY_NAME, Check, Header, Horizon, Record
from sim.scenario.policies import MAX_POLICIES, known_kinds
from sim.scenario.worlds import WORLDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/{model}"


def scenario_schema() -> dict[str, Any]:
    """The whole schema, as plain values."""
    return {
        "$schema": DIALECT,
        "title": "caption-bandit-sim scenario",
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "horizon", "world", "policies"],
        "properties": {**_header(), **_sections()},
        "allOf": [_of_world(kind) for kind in WORLDS],
        "$defs": {**_definitions(), **{f"policy:{kind}": _policy(kind) for kind in known_kinds()}},
    }


def _header() -> dict[str, Any]:
    properties: dict[str, Any] = _standard(Header.model_json_schema()["properties"])
    return properties


def _sections() -> dict[str, Any]:
    worlds = [parts.world.__name__ for parts in WORLDS.values()]
    return {
        "horizon": _ref("Horizon"),
        "world": {
            "description": "What is simulated.",
            "required": ["kind"],
            "properties": {"kind": {"enum": list(WORLDS)}},
            "anyOf": [_ref(name) for name in worlds],
        },
        "feedback": {"description": "When policies learn what happened; keys depend on the world's kind."},
        "selection": {"description": "How captions are chosen; keys depend on the world's kind."},
        "policies": {
            "description": "What is compared: kinds, or mappings of kind, name and parameters.",
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_POLICIES,
            "items": {"anyOf": [{"enum": list(known_kinds())}, *(_ref(f"policy:{kind}") for kind in known_kinds())]},
        },
        "record": _ref("Record"),
        "checks": {"description": Check.__doc__, "type": "array", "items": _ref("Check")},
    }


def _of_world(kind: str) -> dict[str, Any]:
    """What the world's kind decides about the other sections."""
    parts = WORLDS[kind]
    then: dict[str, Any] = {
        "world": _ref(parts.world.__name__),
        "feedback": _ref(parts.feedback.__name__),
        "horizon": {"required": [parts.horizon]},
        "selection": _ref(parts.selection.__name__) if parts.selection else False,
    }
    condition = {
        "required": ["world"],
        "properties": {"world": {"required": ["kind"], "properties": {"kind": {"const": kind}}}},
    }
    return {"if": condition, "then": {"properties": then}}


def _definitions() -> dict[str, Any]:
    models: list[Any] = [Horizon, Record, Check]
    for parts in WORLDS.values():
        models += [model for model in (parts.world, parts.feedback, parts.selection) if model is not None]
    _, schema = models_json_schema([(model, "validation") for model in models], ref_template=_REFERENCE)
    definitions: dict[str, Any] = _standard(schema["$defs"])
    return definitions


def _standard(value: Any) -> Any:
    """The same in the words of JSON Schema: pydantic leaves its own for bounds of a number that it converts first."""
    if isinstance(value, list):
        return [_standard(item) for item in value]
    if not isinstance(value, dict):
        return value
    words = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
    return {words.get(key, key): _standard(item) for key, item in value.items() if not _is_title(key, item)}


def _is_title(key: str, item: Any) -> bool:
    # pydantic's titles repeat the key; a property that is called "title" is a mapping.
    return key == "title" and isinstance(item, str)


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _REFERENCE.format(model=name)}


def _policy(kind: str) -> dict[str, Any]:
    from policies.registry import parameters_of  # noqa: PLC0415  (imports every policy)

    policy = known_kinds()[kind]
    name = {
        "description": "The name of its results; the kind by default.",
        "type": "string",
        "pattern": f"^{POLICY_NAME.pattern}$",
        "maxLength": MAX_NAME,
    }
    return {
        "type": "object",
        "description": (policy.__doc__ or "").strip(),
        "additionalProperties": False,
        "required": ["kind"],
        "properties": {
            "kind": {"const": kind},
            "name": name,
            **{item.name: _parameter(item) for item in parameters_of(kind)},
        },
    }


def _parameter(item: Field[Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": item.metadata.get("doc", "")}
    if item.default is MISSING:
        return schema
    schema["default"] = list(item.default) if isinstance(item.default, tuple) else item.default
    if isinstance(item.default, tuple):
        size = len(item.default)
        return schema | {"type": "array", "items": _number(item), "minItems": size, "maxItems": size}
    if item.metadata.get("choices"):
        return schema | {"enum": [*item.metadata["choices"], *([None] if item.default is None else [])]}
    if item.default is None:
        return schema | {"anyOf": [_number(item), {"type": "null"}]}
    if isinstance(item.default, str):
        return schema | {"type": "string"}
    return schema | (_number(item) if not isinstance(item.default, bool) else {"type": "boolean"})


def _number(item: Field[Any]) -> dict[str, Any]:
    low, high = item.metadata.get("low"), item.metadata.get("high")
    bounds: dict[str, Any] = {"type": "number"}
    if low is not None:
        bounds["exclusiveMinimum" if item.metadata.get("open_low") else "minimum"] = low
    if high is not None:
        bounds["exclusiveMaximum" if item.metadata.get("open_high") else "maximum"] = high
    return bounds
