"""Whether a run that is there may go on with the scenario and the code that are here, and if not, what differs."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import InputError, SimError
from sim.runs.folders.manifest import Manifest
from sim.runs.folders.run_folder import SCENARIO, RunFolder

if TYPE_CHECKING:
    from sim.scenario import Scenario

MAX_NAMED = 5
ABSENT = "nothing"
Flat = dict[str, Any]


def require_same(folder: RunFolder, there: Manifest, here: Manifest, scenario: "Scenario") -> None:
    """Raise InputError, naming every difference, unless the run in `folder` may be resumed by `scenario`.

    Its number of replications may rise.
    """
    found = list(_differences(folder.path, there, here, scenario))
    if not found:
        return
    more = [f"and {len(found) - MAX_NAMED} more differences"] if len(found) > MAX_NAMED else []
    raise InputError(
        "\n".join([f"{folder.path} holds another run; it cannot be resumed with this one", *found[:MAX_NAMED], *more]),
        "Use --fresh to replace it, or --out DIR to write elsewhere.",
    )


def _differences(path: Path, there: Manifest, here: Manifest, scenario: "Scenario") -> Iterator[str]:
    yield from _of_scenario(path, there, here, scenario)
    if there["version"] != here["version"]:
        yield f"version of this program: {there['version']} there, {here['version']} here"
    for name, old, new in _unequal(there["versions"], here["versions"]):
        yield f"version of {name}: {old} there, {new} here"
    for name, _, _ in _unequal(there["code"], here["code"]):
        yield f"the code of {'the engine' if name == 'engine' else name} has changed"


def _of_scenario(path: Path, there: Manifest, here: Manifest, scenario: "Scenario") -> Iterator[str]:
    if there["digest"] == here["digest"]:
        return
    raised = there["replication_digest"] == here["replication_digest"]
    if raised and there["replications"] <= here["replications"]:
        return
    old, new = _saved(path / SCENARIO), _flat(_by_name(scenario.content()), "")
    if old is None:
        yield f"the scenario (its copy, {path / SCENARIO}, cannot be read, so what differs cannot be named)"
        return
    found = [f"{key}: {one} there, {two} here" for key, one, two in _unequal(old, new)]
    yield from found or ["world.source: the content of the file has changed"]


def _saved(path: Path) -> Flat | None:
    """The scenario of the run that is there, by dotted key."""
    from sim.scenario import load  # noqa: PLC0415

    try:
        return _flat(_by_name(load(path).content()), "")
    except SimError:
        return None


def _by_name(content: Flat) -> Flat:
    """Policies by their names instead of their places; their order is a key of its own."""
    names = [policy["name"] for policy in content["policies"]]
    by_name = {policy["name"]: {k: v for k, v in policy.items() if k != "name"} for policy in content["policies"]}
    return {**content, "policies": by_name, "policies (order)": ", ".join(names)}


def _flat(value: Any, prefix: str) -> Flat:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        return {prefix: value}
    flat: Flat = {}
    for key, item in items:
        flat |= _flat(item, f"{prefix}.{key}" if prefix else str(key))
    return flat


def _unequal(old: Flat, new: Flat) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys([*old, *new]):
        one, two = old.get(key, ABSENT), new.get(key, ABSENT)
        if one != two:
            yield key, one, two
