"""What pydantic found wrong, in the words of someone who writes scenarios."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from sim.scenario.document import Finding, Path
from sim.scenario.patterns import ALLOWED
from sim.wording import did_you_mean

MAX_PROBLEMS = 50
MAX_SHOWN = 60

_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "tuple_type": "a list",
    "list_type": "a list",
}
_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def shown(value: Any) -> str:
    """A value as it may appear in a message: short, and one line."""
    text = (
        {True: "true", False: "false"}[value] if isinstance(value, bool) else "null" if value is None else repr(value)
    )
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def misplaced(message: str, key: str = "") -> PydanticCustomError:
    """An error for a validator to raise, about `key` inside what is validated."""
    return PydanticCustomError("misplaced", "{message}", {"message": message, "key": key})


def findings(error: ValidationError, model: type[BaseModel], value: Any) -> Iterator[Finding]:
    """What is wrong with `value`, which `model` refused."""
    items = error.errors(include_url=False, include_context=True)
    for item in items:
        if item["type"] == "too_short" and any(_within(other["loc"], item["loc"]) for other in items):
            continue  # pydantic does not count the entries that are wrong by themselves
        path, key = _inside(item, value), item.get("ctx", {}).get("key", "") if item["type"] == "misplaced" else ""
        yield Finding((*path, key) if key else path, _message(item, model))


def _within(location: tuple[str | int, ...], container: tuple[str | int, ...]) -> bool:
    return len(location) > len(container) and location[: len(container)] == container


def _inside(item: Mapping[str, Any], value: Any) -> Path:
    """pydantic's location without the names of union branches, which are no keys of the document."""
    path: list[str | int] = []
    *parents, last = item["loc"] or ("",)
    for step in parents:
        if _has(value, step):
            value = value[step]
            path.append(step)
    named = isinstance(last, str) and item["type"] in ("missing", "extra_forbidden")
    if last != "" and (named or _has(value, last)):
        path.append(last)
    return tuple(path)


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, Mapping):
        return step in value
    return isinstance(value, (list, tuple)) and isinstance(step, int) and step < len(value)


def _message(item: Mapping[str, Any], model: type[BaseModel]) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        return unknown_key(str(item["loc"][-1]), model, _siblings(model, item["loc"][:-1]))
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, got {shown(item['input'])}"
    if kind in _BOUNDS:
        word, bound = _BOUNDS[kind]
        return f"must be {word} {context[bound]:.15g}, got {shown(item['input'])}"
    return _rarer(kind, context, item)


def _rarer(kind: str, context: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    if kind == "missing":
        return "too few entries" if isinstance(item["loc"][-1], int) else "missing; it has no default"
    if kind in ("too_short", "too_long", "string_too_short", "string_too_long"):
        return _length(kind, context)
    if kind == "literal_error":
        return _choice(item["input"], context["expected"])
    if kind == "string_pattern_mismatch":
        return f"{shown(item['input'])} {ALLOWED.get(context['pattern'], 'is not allowed here')}"
    text: str = item["msg"]
    return text.removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _choice(word: Any, expected: str) -> str:
    if not isinstance(word, str) or "'" not in expected:
        return f"expected {expected}, got {shown(word)}"
    known = expected.replace("'", "").replace(" or ", ", ").split(", ")
    return f"unknown choice {shown(word)}{did_you_mean(word, known)}"


def _length(kind: str, context: Mapping[str, Any]) -> str:
    unit = "characters" if kind.startswith("string") else "entries"
    if kind.endswith("short"):
        return f"needs at least {context['min_length']} {unit}"
    return f"has more than {context['max_length']} {unit}"


def unknown_key(key: str, model: type[BaseModel], siblings: Iterable[str]) -> str:
    """The message for a key that does not exist where it stands: where the same key exists, or one like it."""
    elsewhere = [path for path in _key_paths(model) if path.rpartition(".")[2] == key]
    if elsewhere:
        return f'unknown key; did you mean "{elsewhere[0]}"?'
    names = list(siblings)
    return f"unknown key{did_you_mean(key, names)}" if names else "unknown key; there are no keys here"


@cache
def _key_paths(model: type[BaseModel]) -> tuple[str, ...]:
    """Every key of a model and of the models inside it, dotted, outer ones first; those of lists left out."""
    inner = {name: _models(field.annotation) for name, field in model.model_fields.items() if not _is_list(field)}
    below = [f"{name}.{path}" for name, models in inner.items() for each in models for path in _key_paths(each)]
    return (*model.model_fields, *below)


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _siblings(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys that exist where an unknown one was found."""
    models: list[type[BaseModel]] = [model]
    for step in location:
        inner = [each.model_fields[step].annotation for each in models if step in each.model_fields]
        branch = [each for each in models if each.__name__ == step]
        # List indices and the names of other union branches lead to no field: the models stay.
        models = [found for annotation in inner for found in _models(annotation)] if inner else branch or models
    return list(dict.fromkeys(name for each in models for name in each.model_fields))


def _models(annotation: Any) -> list[type[BaseModel]]:
    """All models that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _models(inner)]
