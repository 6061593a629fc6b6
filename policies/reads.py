"""What the functions of a rule look at: their bytecode says so, and no policy has to declare it."""

import dis
from collections.abc import Callable
from types import FunctionType
from typing import Any

from policies.base import Rule


def reads_truth(rule: Rule) -> bool:
    """Whether `summarise` looks at its fourth argument, the true mean, which only an oracle knows."""
    return _reads(rule.summarise, 3)


def reads_labels(rule: Rule) -> bool:
    """Whether `prepare` looks at its second argument, the numbers of labels."""
    return _reads(rule.prepare, 1)


def _reads(function: Callable[..., Any], argument: int) -> bool:
    """Whether a function looks at an argument, counted from 0."""
    assert isinstance(function, FunctionType)
    name = function.__code__.co_varnames[argument]
    return any(name in _names(step.argval) for step in dis.get_instructions(function) if "LOAD" in step.opname)


def _names(value: object) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else (value,)
