"""`--set KEY.PATH=VALUE`: changes to a scenario's tree before it is checked."""

import json
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from sim.errors import InputError, Problem, ScenarioError
from sim.scenario.document import Document, Path, dotted, read
from sim.wording import did_you_mean

MAX_OVERRIDES = 200
Overrides = Iterable[str] | Mapping[str, Any]


def place(key: str) -> str:
    """How messages name the place of an override."""
    return f"--set {key}"


def in_words(overrides: Overrides) -> list[str]:
    """`KEY.PATH=VALUE` words, also of a mapping of keys to values."""
    if isinstance(overrides, Mapping):
        return [f"{key}={json.dumps(value)}" for key, value in overrides.items()]
    return list(overrides)


def apply(document: Document, overrides: Overrides) -> dict[Path, str]:
    """Change the document; returns the path that each override wrote to, and its key.

    Raises InputError for words that are not KEY.PATH=VALUE, ScenarioError for values that are not YAML or for a path
    through something that has no keys.
    """
    written: dict[Path, str] = {}
    words = in_words(overrides)
    if len(words) > MAX_OVERRIDES:
        raise InputError(f"more than {MAX_OVERRIDES} --set options; write a scenario file")
    for word in words if isinstance(document.value, dict) else ():
        key, value = _split(word)
        written[_write(document, key, value)] = key
    return written


def _split(word: str) -> tuple[str, Any]:
    key, equals, text = word.partition("=")
    key = key.strip()
    if not equals or not key or not all(key.split(".")):
        raise InputError(f"--set {word}: expected KEY.PATH=VALUE, such as --set horizon.days=30")
    return key, _value(key, text)


def _value(key: str, text: str) -> Any:
    if not text.strip():
        return None
    document = read(text, place(key), lines=False)
    if document.findings:
        raise ScenarioError(
            [Problem(f"{key}.{dotted(each.path)}", each.message, place(key)) for each in document.findings]
        )
    return document.value


def _write(document: Document, key: str, value: Any) -> Path:
    path: Path = ()
    target: Any = document.value
    words = key.split(".")
    for word, after in pairwise(words):
        step = _step(target, word, key, path)
        target = _child(target, step, [] if after == "0" else {})
        path = (*path, step)
    step = _step(target, words[-1], key, path)
    _put(target, step, value)
    return (*path, step)


def _step(target: Any, word: str, key: str, path: Path) -> str | int:
    """A word of the key as an index into the target."""
    if isinstance(target, dict):
        return word
    if not isinstance(target, list):
        raise _wrong(key, f"{dotted(path)} is a single value and has no keys")
    if word.isascii() and word.isdigit() and len(word) <= 6 and int(word) <= len(target):
        return int(word)
    if word in (names := [_name(item) for item in target]):
        return names.index(word)
    ways = f"give an index from 0, or {len(target)} to append"
    if any(names):
        ways += f", or a name{did_you_mean(word, filter(None, names))}"
    raise _wrong(key, f"{dotted(path)} is a list of {len(target)}: {ways}")


def _name(item: Any) -> str | None:
    """What a policy in a list is called: its name, or its kind."""
    name = item.get("name", item.get("kind")) if isinstance(item, dict) else item
    return name if isinstance(name, str) else None


def _child(target: Any, step: str | int, empty: Any) -> Any:
    """The container below; `empty` where it is missing, and a policy given by its kind alone becomes a mapping."""
    child = target.get(step) if isinstance(target, dict) else target[step] if step < len(target) else None  # type: ignore[operator]
    if child is None:
        child = empty
    elif isinstance(child, str) and isinstance(step, int):
        child = {"kind": child}
    _put(target, step, child)
    return child


def _put(target: Any, step: str | int, value: Any) -> None:
    if isinstance(target, list) and step == len(target):
        target.append(value)
    else:
        target[step] = value


def _wrong(key: str, message: str) -> ScenarioError:
    return ScenarioError([Problem(key, message, place(key))])
