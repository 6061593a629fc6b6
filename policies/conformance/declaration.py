"""What the class around a rule must satisfy: a part of `policies.conformance`."""

import dataclasses
import math
import pickle
import re
from typing import Any

from policies.base import Memory, Policy

_KIND = re.compile(r"[a-z][a-z0-9_]*")


def declaration_problems(policy: Policy) -> list[str]:
    """What is wrong with the class around the rule."""
    kind = type(policy)
    tests = {
        "kind must be lower-case letters, digits and underscores": bool(_KIND.fullmatch(policy.kind)),
        "source must name where the rule comes from": bool(policy.source.strip()),
        "the class needs a docstring of its own": not _auto_documented(kind),
        "it must be a frozen dataclass": bool(getattr(kind, "__dataclass_params__").frozen),  # noqa: B009
        "a copy through pickle must be equal": _survives_pickle(policy),
        "it must be hashable": hash(policy) == hash(dataclasses.replace(policy)),
        "parameters() must be a tuple of finite floats": _all_floats(policy.parameters()),
        "memory must be a Memory": isinstance(policy.memory, Memory),
        "true_mean_of must be reward or revenue": policy.true_mean_of in {"reward", "revenue"},
    }
    return [problem for problem, fine in tests.items() if not fine] + _parameter_problems(policy)


def _auto_documented(kind: type[Policy]) -> bool:
    """Whether the docstring is only the signature that `dataclass` puts where there is none."""
    return not kind.__doc__ or kind.__doc__.startswith(f"{kind.__name__}(")


def _survives_pickle(policy: Policy) -> bool:
    try:
        return bool(pickle.loads(pickle.dumps(policy)) == policy)  # noqa: S301 - our own bytes
    except (pickle.PicklingError, AttributeError, TypeError):
        return False


def _all_floats(values: object) -> bool:
    return isinstance(values, tuple) and all(type(value) is float and math.isfinite(value) for value in values)


def _parameter_problems(policy: Policy) -> list[str]:
    found = []
    for item in dataclasses.fields(policy):
        if not item.metadata.get("doc"):
            found.append(f"parameter {item.name} is not documented: declare it by policies.base.parameter")
        elif any(_accepted(policy, item.name, value) for value in _bad_values(item)):
            found.append(f"parameter {item.name} takes values outside its range: let __post_init__ call its super's")
    return found


def _bad_values(item: "dataclasses.Field[Any]") -> list[Any]:
    bad: list[Any] = [math.nan, math.inf, True, "a word"]
    if item.metadata["low"] is not None:
        bad.append(item.metadata["low"] - 1)
    if item.metadata["high"] is not None:
        bad.append(item.metadata["high"] + 1)
    shape = len(item.default) if isinstance(item.default, tuple) else 0
    return [(value,) * shape for value in bad] if shape else bad


def _accepted(policy: Policy, name: str, value: object) -> bool:
    try:
        dataclasses.replace(policy, **{name: value})
    except ValueError:
        return False
    return True
