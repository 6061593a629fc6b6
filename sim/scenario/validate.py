"""A tree of plain values to a Scenario, or to everything that is wrong with it.

pydantic validates each key of the top level by itself, so that the rules between sections can be checked wherever the
sections that they need are right.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError, create_model

from sim.scenario.document import Finding
from sim.scenario.model import SCENARIOS, Scenario
from sim.scenario.policies import entries_type, policy_names
from sim.scenario.problems import findings, shown, unknown_key
from sim.scenario.rules import broken
from sim.scenario.sections.base import Section
from sim.wording import did_you_mean

_OF_THE_WORLD = ("world", "feedback", "selection")


def validate(value: Any) -> tuple[Scenario | None, list[Finding]]:
    """The scenario, or None and the findings (in no particular order)."""
    if not isinstance(value, Mapping):
        return None, [Finding((), f"expected a mapping with name, horizon, world and policies, got {shown(value)}")]
    kind, found = _world_kind(value)
    model = Scenario if kind is None else SCENARIOS[kind]
    sections: dict[str, Any] = {"policy_names": policy_names(value.get("policies"))}
    for key in model.model_fields:
        if kind is not None or key not in _OF_THE_WORLD:
            found += _read(model, key, value, sections)
    found += _unknown(model, value)
    found += broken(sections)
    return (None, found) if found else (model(**{key: sections[key] for key in model.model_fields}), [])


def _world_kind(value: Mapping[str, Any]) -> tuple[str | None, list[Finding]]:
    """The kind of world, or None and why it cannot be told."""
    world = value.get("world")
    if "world" not in value:
        return None, [Finding(("world",), "missing; it has no default")]
    if not isinstance(world, Mapping):
        return None, [Finding(("world",), f"expected a mapping, got {shown(world)}")]
    if "kind" not in world:
        return None, [Finding(("world", "kind"), f"missing{did_you_mean('', SCENARIOS)}")]
    kind = world["kind"]
    if isinstance(kind, str) and kind in SCENARIOS:
        return kind, []
    hint = did_you_mean(kind, SCENARIOS) if isinstance(kind, str) else ""
    return None, [Finding(("world", "kind"), f"unknown world {shown(kind)}{hint}")]


def _read(model: type[Scenario], key: str, value: Mapping[str, Any], sections: dict[str, Any]) -> Iterator[Finding]:
    """Validate one key into `sections`, or yield what is wrong with it."""
    part = _part(model, key)
    given = {key: value[key]} if key in value else {}
    try:
        read = getattr(part.model_validate(given), key)
        sections[key] = tuple(entry.spec() for entry in read) if key == "policies" else read
    except ValidationError as error:
        yield from findings(error, part, given)


@cache
def _part(model: type[Scenario], key: str) -> type[BaseModel]:
    """A model of one key of a scenario."""
    field = model.model_fields[key]
    annotation: Any = entries_type() if key == "policies" else field.annotation
    made: type[BaseModel] = create_model(key, __base__=Section, **{key: (annotation, field)})  # type: ignore[call-overload]
    return made


def _unknown(model: type[Scenario], value: Mapping[str, Any]) -> Iterator[Finding]:
    for key in value:
        if key not in model.model_fields:
            yield Finding((key,), unknown_key(str(key), model, model.model_fields))
