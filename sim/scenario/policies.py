"""The policies of a scenario: one pydantic model per kind, made from the declared parameters of the policy."""

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union

from pydantic import BeforeValidator, Discriminator, Tag, create_model, model_validator
from pydantic import Field as ModelField

from sim.errors import InputError
from sim.scenario.model import PolicyName, PolicySpec
from sim.scenario.problems import misplaced, shown
from sim.scenario.sections.base import Listed, Positive, Section, Whole
from sim.wording import did_you_mean

if TYPE_CHECKING:
    from policies.base import Policy


@cache
def known_kinds() -> dict[str, "type[Policy]"]:
    """Every policy that is installed, by kind."""
    from policies.registry import kinds  # noqa: PLC0415  (imports every policy)

    try:
        return kinds()
    except ValueError as error:
        raise InputError(str(error), "Uninstall one of the packages that offer this policy.") from error


def policy_names(value: Any) -> list[str | None]:
    """The name of each entry of `policies`, None where it has none, whether or not the entry is right otherwise."""
    return [_name(entry) for entry in value] if isinstance(value, (list, tuple)) else []


def _name(entry: Any) -> str | None:
    name = entry.get("name", entry.get("kind")) if isinstance(entry, Mapping) else entry
    return name if isinstance(name, str) else None


class Entry(Section):
    """One policy as a scenario writes it; each kind has a subclass with its parameters as further fields."""

    kind: str
    name: PolicyName | None = ModelField(None, description="The name of its results; the kind by default.")
    pool: Annotated[Whole, ModelField(ge=1)] | None = ModelField(
        None,
        description="Arms that it is shown, drawn at random; per page and tier in a traffic world. Default: all.",
    )
    renew: Positive | None = ModelField(
        None, description="Days (pulls in a bernoulli world) after which the pool is drawn anew. Default: never."
    )

    def spec(self) -> PolicySpec:
        """The specification, every parameter filled in."""
        own = {item.name for item in fields(known_kinds()[self.kind])}
        given = {key: getattr(self, key) for key in type(self).model_fields if key in own}
        params = {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}
        shown = {key: getattr(self, key) for key in ("pool", "renew") if key not in own}
        return PolicySpec(name=self.kind if self.name is None else self.name, kind=self.kind, params=params, **shown)

    @model_validator(mode="after")
    def _pool_is_renewed(self) -> Self:
        own = any(item.name == "pool" for item in fields(known_kinds()[self.kind]))
        if self.renew is not None and (self.pool is None or own):
            reason = f"{self.kind} never draws its `pool` anew" if own else "needs `pool`, the number of arms to draw"
            raise misplaced(reason, "renew")
        return self

    @model_validator(mode="after")
    def _accepted(self) -> Self:
        """The policy itself may refuse what the ranges of its parameters allow."""
        try:
            policy = self.spec().build()
        except (ValueError, TypeError, ArithmeticError) as error:
            key, colon, message = str(error).partition(": ")
            named = bool(colon) and key in type(self).model_fields
            raise misplaced(message if named else str(error), key if named else "") from None
        if problem := _unusable(policy):
            raise misplaced(problem)
        return self


def _unusable(policy: "Policy") -> str:
    """What makes the rule of another package unusable; tests of this one know that its own rules are sound."""
    if type(policy).__module__.startswith("policies."):
        return ""
    from policies.conformance import lowest_score  # noqa: PLC0415  (only where it is needed)

    return lowest_score(policy)


@cache
def entry_model(kind: str) -> type[Entry]:
    """The model of an entry of this kind."""
    policy = known_kinds()[kind]
    literal: Any = Literal.__getitem__(kind)
    own: dict[str, Any] = {item.name: _parameter(item) for item in fields(policy)}
    own["kind"] = (literal, ...)
    made: type[Entry] = create_model(f"policy_{kind}", __base__=Entry, __doc__=(policy.__doc__ or "").strip(), **own)
    return made


def _parameter(item: "Field[Any]") -> tuple[Any, Any]:
    """The type and the field of a parameter, from its default and its declared range."""
    description = item.metadata.get("doc", "")
    if item.default is MISSING:
        return Any, ModelField(description=description)
    return _type(item.default, item.metadata), ModelField(item.default, description=description)


def _type(default: Any, declared: Mapping[str, Any]) -> Any:
    if declared.get("choices"):
        found: Any = Literal[tuple(declared["choices"])]
    elif isinstance(default, tuple):
        return Annotated[tuple[tuple(_type(each, declared) for each in default)], Listed]  # type: ignore[misc]
    elif isinstance(default, (bool, str)):
        return type(default)
    else:
        found = _number(default, declared)
    return found | None if default is None else found


def _number(default: Any, declared: Mapping[str, Any]) -> Any:
    low, high = declared.get("low"), declared.get("high")
    range_ = ModelField(gt=low, le=high) if declared.get("open_low") else ModelField(ge=low, le=high)
    return Annotated[Whole if isinstance(default, int) else float, range_]


def entries_type() -> Any:
    """The type of `policies` as a scenario writes them: each a kind, or a mapping with `kind`."""
    models = tuple(Annotated[entry_model(kind), Tag(f"policy_{kind}")] for kind in known_kinds())
    any_kind: Any = Union.__getitem__(models)
    entry: Any = Annotated[any_kind, Discriminator(_model_name), BeforeValidator(_with_kind)]
    return tuple.__class_getitem__((entry, ...))


def _model_name(entry: Mapping[str, Any]) -> str:
    return f"policy_{entry['kind']}"


def _with_kind(entry: Any) -> Any:
    """The entry as a mapping whose kind exists."""
    if isinstance(entry, str):
        entry = {"kind": entry}
    if not isinstance(entry, Mapping):
        raise misplaced(f"expected a policy's kind, or a mapping with `kind`, got {shown(entry)}")
    if "kind" not in entry:
        raise misplaced("missing; it has no default", "kind")
    kind = entry["kind"]
    if not isinstance(kind, str) or kind not in known_kinds():
        hint = did_you_mean(kind, known_kinds()) if isinstance(kind, str) else ""
        raise misplaced(f"unknown policy {shown(kind)}{hint}{_plugins_missing()}", "kind")
    return entry


def _plugins_missing() -> str:
    from policies.registry import broken  # noqa: PLC0415

    return "".join(f"; plug-in {name!r} could not be loaded ({why})" for name, why in broken().items())
