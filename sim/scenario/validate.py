"""A tree of plain values to a Scenario, or to everything that is wrong with it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from sim.scenario.document import Finding, Path
from sim.scenario.model import Check, Header, Horizon, Record, Scenario
from sim.scenario.policies import policy_names, read_policies
from sim.scenario.problems import findings, shown, unknown_key
from sim.scenario.rules import broken
from sim.scenario.worlds import WORLDS
from sim.wording import did_you_mean

MAX_CHECKS = 200
_HEADER = tuple(Header.model_fields)
_SECTIONS = ("horizon", "world", "feedback", "selection", "policies", "record", "checks")
_ABSENT: Any = object()


def validate(value: Any) -> tuple[Scenario | None, list[Finding]]:
    """The scenario, or None and the findings (in no particular order)."""
    if not isinstance(value, Mapping):
        return None, [Finding((), f"expected a mapping with name, horizon, world and policies, got {shown(value)}")]
    reader = _Reader(value)
    reader.read()
    if reader.findings:
        return None, reader.findings
    return reader.scenario(), []


class _Reader:
    """Reads section by section, so that a mistake in one hides none in another."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value = value
        self.sections: dict[str, Any] = {}
        self.findings: list[Finding] = []

    def read(self) -> None:
        """Read every section, then ask the rules."""
        self._keys()
        header = {key: self.value[key] for key in _HEADER if key in self.value}
        self._keep("header", self._model(Header, header, ()))
        self._keep("horizon", self._section("horizon", Horizon, _ABSENT))
        self._keep("record", self._section("record", Record, {}))
        self._world()
        self._policies()
        self._checks()
        self.findings += broken(self.sections)

    def scenario(self) -> Scenario:
        """The scenario, once nothing is wrong."""
        sections = dict(self.sections)
        header = {key: getattr(sections["header"], key) for key in _HEADER}
        checks = tuple(check for _, check in sections["checks"])
        body = {key: sections[key] for key in ("horizon", "world", "feedback", "selection", "policies", "record")}
        return Scenario(**header, **body, checks=checks)

    def _keys(self) -> None:
        for key in self.value:
            if key not in _HEADER + _SECTIONS:
                self.findings.append(Finding((key,), _misplaced(str(key))))

    def _keep(self, name: str, section: Any) -> None:
        if section is not _ABSENT:
            self.sections[name] = section

    def _section(self, key: str, model: type[BaseModel], default: Any) -> Any:
        value = self.value.get(key, default)
        if value is _ABSENT:
            self.findings.append(Finding((key,), "missing; it has no default"))
            return _ABSENT
        return self._model(model, value, (key,))

    def _model(self, model: type[BaseModel], value: Any, path: Path) -> Any:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            self.findings += findings(error, model, value, path)
            return _ABSENT

    def _world(self) -> None:
        kind = self._world_kind()
        if kind is None:
            return
        parts = WORLDS[kind]
        self._keep("world", self._section("world", parts.world, _ABSENT))
        self._keep("feedback", self._section("feedback", parts.feedback, {}))
        if parts.selection is not None:
            self._keep("selection", self._section("selection", parts.selection, {}))
        elif "selection" in self.value:
            self.findings.append(Finding(("selection",), f"a {kind} world sends one arm at a time; leave this out"))
        else:
            self.sections["selection"] = None

    def _world_kind(self) -> str | None:
        world = self.value.get("world", _ABSENT)
        if not isinstance(world, Mapping):
            wrong = "missing; it has no default" if world is _ABSENT else f"expected a mapping, got {shown(world)}"
            self.findings.append(Finding(("world",), wrong))
            return None
        if "kind" not in world:
            self.findings.append(Finding(("world", "kind"), f"missing{did_you_mean('', WORLDS)}"))
            return None
        kind = world["kind"]
        if not isinstance(kind, str) or kind not in WORLDS:
            hint = did_you_mean(kind, WORLDS) if isinstance(kind, str) else ""
            self.findings.append(Finding(("world", "kind"), f"unknown world {shown(kind)}{hint}"))
            return None
        return kind

    def _policies(self) -> None:
        if "policies" not in self.value:
            self.findings.append(Finding(("policies",), "missing; it has no default"))
            return
        specs, found = read_policies(self.value["policies"])
        self.findings += found
        # Checks may speak of a policy that has a mistake of its own.
        self.sections["policy_names"] = [name for name in policy_names(self.value["policies"]) if name is not None]
        if not found:
            self.sections["policies"] = tuple(specs)

    def _checks(self) -> None:
        value = self.value.get("checks", [])
        if not isinstance(value, (list, tuple)) or len(value) > MAX_CHECKS:
            wrong = f"expected a list of at most {MAX_CHECKS} checks, got {shown(value)}"
            self.findings.append(Finding(("checks",), wrong))
            return
        read = [(index, self._model(Check, entry, ("checks", index))) for index, entry in enumerate(value)]
        self.sections["checks"] = [(index, check) for index, check in read if check is not _ABSENT]


def _misplaced(key: str) -> str:
    """An unknown key of the top level: perhaps it belongs into a section."""
    known = [*_HEADER, *_SECTIONS]
    models: dict[str, list[type[BaseModel] | None]] = {
        "horizon": [Horizon],
        "record": [Record],
        "world": [parts.world for parts in WORLDS.values()],
        "feedback": [parts.feedback for parts in WORLDS.values()],
        "selection": [parts.selection for parts in WORLDS.values()],
    }
    for section, candidates in models.items():
        if any(model is not None and key in model.model_fields for model in candidates):
            return f"unknown key; it belongs under `{section}`"
    return unknown_key(key, known)
