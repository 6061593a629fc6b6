"""A scenario: every number of a run, typed and frozen. `sim.scenario.load` makes one out of YAML."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from sim.calendar import incidents
from sim.calendar.incidents.base import Incident
from sim.errors import InputError, StorageError
from sim.scenario.patterns import POLICY_NAME, SCENARIO_NAME
from sim.scenario.sections.base import MAX_DAYS, MAX_PULLS, MAX_REPLICATIONS, MIN_DAYS, Listed, Section, Whole
from sim.scenario.sections.bernoulli import BernoulliFeedback, BernoulliSection
from sim.scenario.sections.table import TableFeedback, TableSection, TableSelection
from sim.scenario.sections.traffic import TrafficSection
from sim.scenario.sections.traffic_loop import Selection, TrafficFeedback
from sim.scenario.sections.world_kind import WorldKind
from sim.scenario.worlds import WORLDS

if TYPE_CHECKING:
    from policies.base import Policy

    AnyIncident = Incident
else:
    AnyIncident = Annotated[Union[tuple(incidents.kinds().values())], Field(discriminator="kind")]  # noqa: UP007

MAX_NAME = 64
MAX_POLICIES = 100
MAX_CHECKS = 200
MAX_INCIDENTS = 100

PolicyName = Annotated[str, Field(pattern=POLICY_NAME, max_length=MAX_NAME)]
"""A policy's name becomes the folder `policy=NAME`."""

WORLD = "What is simulated; the other keys depend on `kind`."
FEEDBACK = "When policies learn what happened; keys depend on the world's kind."
SELECTION = "How captions are chosen; keys depend on the world's kind; not in a bernoulli world."

Metric = Literal["regret", "reward", "revenue_usd", "best_share", "locked_out"]


class Horizon(Section):
    """How long a replication lasts: `pulls` in a bernoulli world, `days` elsewhere."""

    pulls: Annotated[Whole, Field(ge=1, le=MAX_PULLS)] | None = Field(None, description="Length in pulls.")
    days: Annotated[float, Field(ge=MIN_DAYS, le=MAX_DAYS)] | None = Field(None, description="Length in days.")

    @property
    def unit(self) -> str:
        """`pulls` or `days`."""
        return "days" if self.pulls is None else "pulls"

    @property
    def length(self) -> float:
        """The horizon in its unit."""
        return self.pulls if self.pulls is not None else (self.days or 0.0)


class PolicySpec(BaseModel):
    """One policy of a scenario: its kind, the name of its results, every parameter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="The name of its results; unique in the scenario.")
    kind: str = Field(description="One of `python -m sim policies`.")
    params: dict[str, Any] = Field({}, description="Every parameter of the policy, by name.")
    pool: int | None = Field(None, description="Arms that it is shown at a time; None: all.")
    renew: float | None = Field(None, description="How long it is shown the same ones; None: for ever.")

    @property
    def content(self) -> dict[str, Any]:
        """The entry as the YAML holds it."""
        shown = {key: value for key, value in (("pool", self.pool), ("renew", self.renew)) if value is not None}
        return {"kind": self.kind, "name": self.name, **self.params, **shown}

    def build(self) -> "Policy":
        """The policy itself; raises ValueError naming a bad parameter."""
        from policies.registry import build  # noqa: PLC0415  (imports every policy)

        policy: Policy = build(self.kind, dict(self.params))
        return policy


class Record(Section):
    """What a run writes down."""

    curve_points: Annotated[Whole, Field(ge=2, le=10_000)] = Field(60, description="Points of each regret curve.")
    stats: Literal["all", "last", "none"] = Field(
        "all", description="Caption statistics of all replications, of the last one, or of none."
    )
    sends: bool = Field(
        False, description="Whether to write the log of sends: one row per message, or per pull in a bernoulli world."
    )


class Check(Section):
    """A claim about the results; the run exits with 1 where it fails. Exactly one of the four comparisons is given."""

    metric: Metric = Field(description="What is compared.")
    policy: str = Field(description="The name of the policy that is judged.")
    not_worse_than: str | None = Field(None, description="The name of the policy that it is compared with.")
    better_than: str | None = Field(None, description="The name of the policy that it is shown to be better than.")
    margin: Annotated[float, Field(ge=0.0)] | None = Field(
        None,
        description="How much worse `not_worse_than` allows, or how much better `better_than` asks for, in the metric.",
    )
    at_most: float | None = Field(None, description="An upper limit of the metric's mean.")
    at_least: float | None = Field(None, description="A lower limit of the metric's mean.")
    confidence: Annotated[float, Field(gt=0.5, lt=1.0)] = Field(0.95, description="Confidence of the interval used.")


class Scenario(Section):
    """A whole scenario, every default filled in; `sim.scenario.load` makes one, and checks rules between sections.

    Each kind of world has a class of its own, in `SCENARIOS`, which says what its sections hold.
    """

    version: Literal[1] = Field(1, description="Version of this format.")
    name: Annotated[str, Field(pattern=SCENARIO_NAME, max_length=MAX_NAME)] = Field(
        description="Names the run folder: `runs/<name>` unless `--out` says otherwise."
    )
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = Field(1, description="Seed of all random numbers.")
    replications: Annotated[Whole, Field(ge=1, le=MAX_REPLICATIONS)] = Field(
        100, description="Number of repetitions, each with its own random numbers."
    )
    horizon: Horizon = Field(description="How long a replication lasts.")
    world: BernoulliSection | TableSection | TrafficSection = Field(description=WORLD)
    feedback: BernoulliFeedback | TableFeedback | TrafficFeedback
    selection: TableSelection | Selection | None = None
    policies: Annotated[tuple[PolicySpec, ...], Field(min_length=1, max_length=MAX_POLICIES), Listed] = Field(
        description="What is compared: kinds, or mappings of kind, name and parameters."
    )
    record: Record = Field(Record(), description="What a run writes down.")
    checks: Annotated[tuple[Check, ...], Field(max_length=MAX_CHECKS), Listed] = Field((), description=Check.__doc__)

    def content(self) -> dict[str, Any]:
        """The scenario as the YAML holds it: plain values, every default filled in, keys in the usual order."""
        plain: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        plain["policies"] = [each.content for each in self.policies]
        return plain

    def to_yaml(self) -> str:
        """The scenario as YAML 1.2; loads back equal."""
        from sim.scenario.writing import yaml_text  # noqa: PLC0415  (needs ruamel.yaml)

        return yaml_text(self.content())

    @property
    def world_kind(self) -> WorldKind:
        """What is true of every world of this kind: units, tiers, engine."""
        return WORLDS[self.world.kind]

    @property
    def digest(self) -> str:
        """SHA-256, hexadecimal, of what the scenario means: neither layout nor key order nor file names enter it.

        A table world's source enters by the digest of the file's bytes, read now; StorageError where they cannot be.
        """
        from sim.scenario.writing import content_digest  # noqa: PLC0415

        return content_digest(self.content(), self.source_path)

    @property
    def source_path(self) -> Path | None:
        """The table world's file, relative to the current directory; None in other worlds, or where none is given."""
        source = self.world.input_file
        return None if source is None else Path(source)

    def require_files(self) -> None:
        """Raise InputError where a table world has no source, StorageError where it is not a readable file."""
        if not self.world.needs_file:
            return
        if self.source_path is None:
            raise InputError(f"scenario {self.name}: world.source is not given", "Give it: --set world.source=FILE")
        if not self.source_path.is_file():
            there = "is a directory" if self.source_path.is_dir() else "is not a regular file"
            what = there if self.source_path.exists() else "does not exist"
            raise StorageError(f"world.source: {self.source_path} {what}", "Give another: --set world.source=FILE")


def _leave_out(value: object) -> object:
    if value is not None:
        raise ValueError("a bernoulli world sends one arm at a time; leave this out")
    return value


class BernoulliScenario(Scenario):
    """A scenario of a bernoulli world."""

    world: BernoulliSection = Field(description=WORLD)
    feedback: BernoulliFeedback = Field(BernoulliFeedback(), description=FEEDBACK)
    selection: Annotated[None, BeforeValidator(_leave_out)] = Field(None, description=SELECTION)


class TableScenario(Scenario):
    """A scenario of a table world."""

    world: TableSection = Field(description=WORLD)
    feedback: TableFeedback = Field(TableFeedback(), description=FEEDBACK)
    selection: TableSelection = Field(TableSelection(), description=SELECTION)


class TrafficScenario(Scenario):
    """A scenario of a traffic world."""

    world: TrafficSection = Field(description=WORLD)
    feedback: TrafficFeedback = Field(TrafficFeedback(), description=FEEDBACK)
    selection: Selection = Field(Selection(), description=SELECTION)
    incidents: Annotated[tuple[AnyIncident, ...], Field(max_length=MAX_INCIDENTS), Listed] = Field(
        (), description="What happens to the deployed system at a moment: see `sim.calendar.incidents`."
    )


SCENARIOS: dict[str, type[Scenario]] = {
    "bernoulli": BernoulliScenario,
    "table": TableScenario,
    "traffic": TrafficScenario,
}
"""The scenario of each kind of world."""
