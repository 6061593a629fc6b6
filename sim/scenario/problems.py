"""What pydantic found wrong, in the words of someone who writes scenarios."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from sim.scenario.document import Finding, Path
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


def findings(error: ValidationError, model: type[BaseModel], value: Any, path: Path) -> Iterator[Finding]:
    """The findings of one section, `value`, which stands at `path`."""
    items = error.errors(include_url=False, include_context=True)
    for item in items:
        if item["type"] == "too_short" and any(_within(other["loc"], item["loc"]) for other in items):
            continue  # pydantic does not count the entries that are wrong by themselves
        yield Finding((*path, *_inside(item, value)), _message(item, model))


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
        return unknown_key(str(item["loc"][-1]), _siblings(model, item["loc"][:-1]))
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
        return f"{shown(item['input'])} does not match {context['pattern']}"
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


def unknown_key(key: str, known: Iterable[str]) -> str:
    """The message for a key that does not exist here."""
    return f"unknown key{did_you_mean(key, known)}"


def _siblings(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """The keys that exist where an unknown one was found."""
    models: list[type[BaseModel]] = [model]
    for step in location:
        inner = [each.model_fields[step].annotation for each in models if step in each.model_fields]
        # List indices and the names of union branches lead to no field: the models stay.
        models = [found for annotation in inner for found in _models(annotation)] if inner else models
    return list(dict.fromkeys(name for each in models for name in each.model_fields))


def _models(annotation: Any) -> list[type[BaseModel]]:
    """All models that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _models(inner)]
