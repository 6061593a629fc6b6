"""Hostile scenarios: each is a scenario or a message, never another exception, never NaN.

`python -m pytest -m long tests/property/test_scenario_fuzz.py` tries a million; the suite tries 20,000.
"""

import copy
import logging
import math
import pickle
import random
import resource
import time
from collections.abc import Iterator
from functools import reduce
from typing import Any

import pytest

from scenarios import names
from sim.errors import InputError, SimError
from sim.scenario import Scenario, load

NUMBERS = [math.nan, math.inf, -math.inf, -1, 0, 1e-320, 5e-324, 1e308, 2**63, -(2**63), 2**64, 10**30, 0.5, 1, -0.0]
WORDS = [
    "",
    "x" * 10_000,
    "\x00",
    "\x1b[2J",
    "../up",
    "con",
    "a/b",
    "{{7*7}}",
    "=1+1",
    "'; DROP TABLE t",
    "é",
    "\u202e",
]
OTHERS: list[Any] = [None, True, False, [], {}, [[]], [None], {"kind": "ucb1"}, {"a": {"b": {}}}]
BASES = [load(name).content() for name in names()]
PICKLED = [pickle.dumps(base) for base in BASES]  # read back, a copy costs a fifth of copy.deepcopy
ENDLESS = 20_000  # characters of a message
MOST_KILOBYTES = 300_000
LOG = logging.getLogger(__name__)


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every path of a tree, the root left out."""
    for key, item in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield (*path, key)
        yield from places(item, (*path, key))


def chosen(tree: dict[str, Any], luck: random.Random) -> tuple[Any, Any]:
    """A random item of the tree: what holds it, and its key. Deep ones are as likely as long lists make them."""
    parent, key = tree, luck.choice([*tree])
    while isinstance(inner := parent[key], (dict, list)) and inner and luck.random() < 0.95:
        parent, key = inner, luck.choice([*inner] if isinstance(inner, dict) else range(len(inner)))
    return parent, key


def mutated(index: int, luck: random.Random) -> dict[str, Any]:
    """Base number `index` after a few changes: a value replaced, a key removed, renamed or added, a list made long."""
    tree: dict[str, Any] = pickle.loads(PICKLED[index])
    for _ in range(luck.randint(1, 4)):
        parent, key = chosen(tree, luck) if tree else (tree, "name")
        change = luck.randrange(8) if key in parent or isinstance(parent, list) else 7
        if change == 0:
            del parent[key]
        elif change == 1 and isinstance(parent, dict):
            parent[luck.choice([*WORDS, f"{key}s"])] = parent.pop(key)
        elif change == 2 and isinstance(parent, list):
            parent += [copy.deepcopy(parent[key]) for _ in range(luck.choice([1, 3, 200]))]
        else:
            # A copy: the tree must not hold, and so change, one of OTHERS itself.
            parent[key] = copy.deepcopy(luck.choice([*NUMBERS, *NUMBERS, *WORDS, *OTHERS]))
    return tree


def numbers(tree: Any) -> Iterator[float]:
    if isinstance(tree, (dict, list)):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from numbers(item)
    elif isinstance(tree, float):
        yield tree


def ask(source: dict[str, Any]) -> bool:
    """Whether the source is a scenario; fails on any other end than a scenario or a message."""
    try:
        found = load(source)
    except SimError as error:
        assert isinstance(error, InputError), error
        assert 0 < len(str(error)) < ENDLESS
        return False
    assert isinstance(found, Scenario)
    assert all(map(math.isfinite, numbers(found.content())))
    return True


def fuzz(seed: int, count: int) -> int:
    """How many of `count` mutated scenarios were accepted."""
    luck, accepted, slowest = random.Random(seed), 0, 0.0
    for _ in range(count):
        tree = mutated(luck.randrange(len(BASES)), luck)
        before = time.process_time()
        accepted += ask(tree)
        slowest = max(slowest, time.process_time() - before)
    LOG.info("seed %d: %d accepted, the slowest took %.3f s, memory at most %d kB", seed, accepted, slowest, peak())
    return accepted


def peak() -> int:
    """The most memory that this process has held, in kB on Linux."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.slow
def test_twenty_thousand_mutations(seed: int) -> None:
    assert 100 < fuzz(seed, 10_000) < 9_900  # both ends are reached


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100))
def test_a_million_mutations(seed: int) -> None:
    before = peak()
    assert 0 < fuzz(1_000 + seed, 10_000) < 10_000
    assert peak() - before < MOST_KILOBYTES


def numeric(base: dict[str, Any]) -> list[tuple[Any, ...]]:
    """The paths of a tree at which numbers stand."""
    found = {path: reduce(lambda tree, step: tree[step], path, base) for path in places(base)}
    return [path for path, item in found.items() if isinstance(item, (int, float)) and not isinstance(item, bool)]


NUMERIC = [(index, path) for index, base in enumerate(BASES) for path in numeric(base)]


@pytest.mark.slow
def test_every_number_everywhere() -> None:
    """Each hostile number in each numeric field: refused in words, or a scenario without NaN."""
    refused = 0
    for index, path in NUMERIC:
        for number in NUMBERS:
            changed = pickle.loads(PICKLED[index])
            parent: Any = changed
            for step in path[:-1]:
                parent = parent[step]
            parent[path[-1]] = number
            accepted = ask(changed)
            assert not (accepted and not math.isfinite(number)), (path, number)
            refused += not accepted
    assert refused > 3 * len(NUMERIC)
