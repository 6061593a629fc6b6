"""The grid of a sweep: keys of a scenario, their values, and one cell per combination of values."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from scenarios import sweep_text, sweeps
from sim.errors import InputError
from sim.scenario.document import read

MAX_CELLS = 2_000
LONGEST_FOLDER = 100
EXAMPLE = "such as --vary 'horizon.days=[30, 90]'"
_UNSAFE = re.compile(r"[^A-Za-z0-9._=,+-]")


@dataclass(frozen=True)
class Variation:
    """A key of the scenario and the values that it takes; `labels` name the values, one each."""

    key: str
    values: tuple[Any, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class GridCell:
    """One combination: the label of each key's value, and the overrides that set the values."""

    labels: Mapping[str, str]
    overrides: tuple[str, ...]

    @property
    def name(self) -> str:
        """`horizon.days=30, world.pages=2`."""
        return ", ".join(f"{key}={label}" for key, label in self.labels.items())

    @property
    def folder(self) -> str:
        """Name of its run folder. It depends on the cell alone, so a grid can grow and keep its finished cells."""
        plain = ",".join(f"{key}={label}" for key, label in self.labels.items())
        safe = _UNSAFE.sub("_", plain)[:LONGEST_FOLDER]
        if safe == plain:
            return safe
        return f"{safe}-{hashlib.sha256(json.dumps(self.overrides).encode()).hexdigest()[:8]}"


def parse_variations(word: str) -> list[Variation]:
    """`KEY.PATH=[V, …]`, `KEY.PATH={LABEL: V, …}`, or the name of a shipped sweep; raises InputError."""
    if word in sweeps():
        shipped = read(sweep_text(word), word).value
        return [variation(key, values) for key, values in shipped.items()]
    return [parse_variation(word)]


def parse_variation(word: str) -> Variation:
    """`KEY.PATH=[V, …]`, or `KEY.PATH={LABEL: V, …}` to name the values; raises InputError."""
    key, equals, text = word.partition("=")
    key = key.strip()
    if not equals or not key or not all(key.split(".")):
        known = f"Or name a shipped sweep: {', '.join(sweeps())}."
        raise InputError(f"--vary {word}: expected KEY.PATH=[V, …], {EXAMPLE}", known)
    document = read(text, f"--vary {key}", lines=False)
    if document.findings:
        raise InputError(f"--vary {key}: {document.findings[0].message}")
    return variation(key, document.value)


def variation(key: str, values: Any) -> Variation:
    """The variation of one key: a list of values, or a mapping of labels to values; raises InputError."""
    if isinstance(values, Mapping):
        labels, values = [str(label) for label in values], list(values.values())
    elif isinstance(values, Sequence) and not isinstance(values, str):
        labels, values = [_label(value) for value in values], list(values)
    else:
        raise InputError(f"--vary {key}: expected a list of values, {EXAMPLE}")
    if not values:
        raise InputError(f"--vary {key}: the list of values is empty")
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise InputError(f"--vary {key}: the value {twice} is given twice")
    return Variation(key, tuple(values), tuple(labels))


def variations(vary: Mapping[str, Any] | Iterable[str]) -> list[Variation]:
    """Of a mapping of keys to values, or of words as `--vary` takes them; raises InputError for a key given twice."""
    if isinstance(vary, Mapping):
        found = [variation(key, values) for key, values in vary.items()]
    else:
        found = [each for word in vary for each in parse_variations(word)]
    keys = [each.key for each in found]
    if not found:
        raise InputError("a sweep needs at least one key to vary", f"Give --vary KEY.PATH=[V, …], {EXAMPLE}.")
    for one in keys:
        if keys.count(one) > 1:
            raise InputError(f"--vary {one} is given twice", "Put all its values into one list.")
    return found


def grid(varied: Sequence[Variation]) -> list[GridCell]:
    """Every combination of values, the last key fastest; raises InputError for more than `MAX_CELLS`."""
    count = prod(len(each.values) for each in varied)
    if count > MAX_CELLS:
        raise InputError(f"the grid has {count:,} cells; the most is {MAX_CELLS:,}", "Vary fewer values at once.")
    levels = [list(zip(each.labels, each.values, strict=True)) for each in varied]
    return [_cell(varied, combination) for combination in product(*levels)]


def _cell(varied: Sequence[Variation], combination: Sequence[tuple[str, Any]]) -> GridCell:
    pairs = list(zip(varied, combination, strict=True))
    overrides = tuple(f"{each.key}={json.dumps(value)}" for each, (_, value) in pairs)
    return GridCell({each.key: label for each, (label, _) in pairs}, overrides)


def _label(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
