"""The policies of a scenario: entries of the YAML to specifications with every parameter filled in."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

from sim.errors import InputError
from sim.scenario.document import Finding, Path
from sim.scenario.model import MAX_NAME, POLICY_NAME, PolicySpec
from sim.scenario.problems import shown, unknown_key
from sim.wording import did_you_mean

if TYPE_CHECKING:
    from policies.base import Policy

MAX_POLICIES = 100


@cache
def known_kinds() -> dict[str, "type[Policy]"]:
    """Every policy that is installed, by kind."""
    from policies.registry import kinds  # noqa: PLC0415  (imports every policy)

    try:
        return kinds()
    except ValueError as error:
        raise InputError(str(error), "Uninstall one of the packages that offer this policy.") from error


def read_policies(value: Any) -> tuple[list[PolicySpec], list[Finding]]:
    """The specifications that are right, and what is wrong with the others."""
    if not isinstance(value, list) or not value:
        return [], [Finding(("policies",), f"expected a list of at least one policy, got {shown(value)}")]
    if len(value) > MAX_POLICIES:
        return [], [Finding(("policies",), f"has more than {MAX_POLICIES} entries")]
    specs: list[PolicySpec] = []
    found: list[Finding] = []
    for index, entry in enumerate(value):
        problems = list(_problems(entry, ("policies", index)))
        found += problems
        specs += [] if problems else [_spec(entry)]
    return specs, found + list(_clashes(value))


def policy_names(value: Any) -> list[str | None]:
    """The name of each entry, None where it has none; right or wrong otherwise."""
    return [_name(entry) for entry in value] if isinstance(value, list) else []


def _name(entry: Any) -> str | None:
    name = entry.get("name", entry.get("kind")) if isinstance(entry, Mapping) else entry
    return name if isinstance(name, str) else None


def _clashes(entries: list[Any]) -> Iterator[Finding]:
    # Names become folder names, and some file systems do not tell A from a.
    first: dict[str, int] = {}
    for index, name in enumerate(policy_names(entries)):
        if name is not None and first.setdefault(name.casefold(), index) != index:
            where = f"policies.{first[name.casefold()]}"
            yield Finding(("policies", index), f'the name "{name}" is taken by {where}; give each a `name` of its own')


def _problems(entry: Any, path: Path) -> Iterator[Finding]:
    if isinstance(entry, str):
        entry = {"kind": entry}
    if not isinstance(entry, Mapping):
        yield Finding(path, f"expected a policy's kind, or a mapping with `kind`, got {shown(entry)}")
        return
    if "name" in entry:
        yield from _name_problems(entry["name"], (*path, "name"))
    kind = entry.get("kind")
    if "kind" not in entry:
        yield Finding((*path, "kind"), "missing; it has no default")
    elif not isinstance(kind, str) or kind not in known_kinds():
        hint = did_you_mean(kind, known_kinds()) if isinstance(kind, str) else ""
        yield Finding((*path, "kind"), f"unknown policy {shown(kind)}{hint}{_plugins_missing()}")
    else:
        yield from _parameter_problems(kind, _params(entry), path)


def _plugins_missing() -> str:
    from policies.registry import broken  # noqa: PLC0415

    return "".join(f"; plug-in {name!r} could not be loaded ({why})" for name, why in broken().items())


def _name_problems(name: Any, path: Path) -> Iterator[Finding]:
    if not isinstance(name, str) or not POLICY_NAME.fullmatch(name) or len(name) > MAX_NAME:
        yield Finding(
            path,
            f"{shown(name)} cannot name a folder of results; use letters, digits, _ - and . inside, "
            f"at most {MAX_NAME} characters",
        )


def _params(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key not in ("kind", "name")}


def _parameter_problems(kind: str, params: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    defaults = {item.name: item.default for item in fields(known_kinds()[kind])}
    right = {}
    for key, value in params.items():
        if key not in defaults:
            known = f"{unknown_key(key, defaults)}" if defaults else f"unknown key; {kind} has no parameters"
            yield Finding((*path, key), known)
        elif (expected := _mismatch(value, defaults[key])) is not None:
            yield Finding((*path, key), f"expected {expected}, got {shown(value)}")
        else:
            right[key] = value
    yield from _refused(kind, right, path)


def _mismatch(value: Any, default: Any) -> str | None:
    """What was expected instead, where a value is not of its default's type; ranges are the policy's own business."""
    if isinstance(default, tuple):
        return None if isinstance(value, (list, tuple)) and all(map(_is_number, value)) else "a list of numbers"
    if isinstance(default, bool):
        return None if isinstance(value, bool) else "true or false"
    if isinstance(default, (int, float)):
        return None if _is_number(value) else "a number"
    if isinstance(default, str):
        return None if isinstance(value, str) else "text"
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _refused(kind: str, params: dict[str, Any], path: Path) -> Iterator[Finding]:
    from policies.registry import build  # noqa: PLC0415

    # A policy stops at its first objection: take that parameter away and ask again.
    while True:
        try:
            build(kind, dict(params))
            return
        except (ValueError, TypeError) as error:
            key, _, message = str(error).partition(": ")
            if key not in params:
                yield Finding(path, str(error))
                return
            yield Finding((*path, key), message)
            del params[key]


def _spec(entry: Any) -> PolicySpec:
    from policies.registry import build  # noqa: PLC0415

    entry = {"kind": entry} if isinstance(entry, str) else entry
    policy = build(entry["kind"], _params(entry))
    params = {item.name: _plain(getattr(policy, item.name)) for item in fields(policy)}
    return PolicySpec(name=entry.get("name", entry["kind"]), kind=entry["kind"], params=params)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
