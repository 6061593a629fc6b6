"""The bernoulli world, the textbook problem: its section and its feedback."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from sim.scenario.document import Finding
from sim.scenario.sections.base import (
    MAX_ARMS,
    MAX_LIST,
    MAX_PULLS,
    MAX_ROWS_OF_ARMS,
    Listed,
    Positive,
    Probability,
    Section,
    Whole,
)
from sim.scenario.sections.world_kind import WorldKind
from sim.scenario.sections.world_section import WorldSection

Means = Annotated[tuple[Probability, ...], Field(min_length=2, max_length=MAX_LIST), Listed]
"""True success rates, (arms,)."""


class BetaPrior(Section):
    """Where true rates are drawn from."""

    beta: Annotated[tuple[Positive, Positive], Listed] = Field(
        description="The two shape parameters of the Beta distribution that true rates are drawn from."
    )


class Change(Section):
    """The true rates become others at one moment (piecewise stationary)."""

    at: Annotated[Whole, Field(ge=1, le=MAX_PULLS)] = Field(description="The change happens before this pull, 0-based.")
    means: Means = Field(description="The true rates from then on, one per arm.")


class Churn(Section):
    """Arms are replaced by new ones."""

    probability: Probability = Field(
        description="Before each pull, the chance that one arm, uniformly chosen, becomes a new one drawn from `prior`."
    )


class BernoulliSection(WorldSection):
    """The textbook problem, one pull at a time."""

    kind: Literal["bernoulli"] = Field("bernoulli", description="The world's kind.")
    means: Means | None = Field(None, description="Fixed true rates, one per arm. Either this, or `prior` and `arms`.")
    prior: BetaPrior | None = Field(None, description="True rates are drawn from here, anew in each replication.")
    arms: Annotated[Whole, Field(ge=2, le=MAX_ARMS)] | None = Field(None, description="Number of arms, with `prior`.")
    changes: Annotated[tuple[Change, ...], Field(max_length=MAX_LIST), Listed] = Field(
        (), description="Moments at which the true rates change."
    )
    churn: Churn | None = Field(None, description="Replacement of arms; needs `prior`.")
    rows: Annotated[Whole, Field(ge=1, le=MAX_ROWS_OF_ARMS)] = Field(
        1, description="Rows (pages) that share the arms. Each pulls once at a time, `horizon.pulls` times in all."
    )
    correlation: Probability = Field(
        1.0, description="Of the arms' rates over rows, by normal scores: 1: equal in all rows; 0: independent."
    )
    unlucky: Annotated[Whole, Field(ge=20, le=100_000)] | None = Field(
        None,
        description="Replications with an unlucky start of the best arm, simulated beside the others, such as 200: "
        "they show rare lock-outs. Needs `means` that never change.",
    )

    @property
    def size(self) -> int:
        """Number of arms."""
        return self.arms or len(self.means or ())

    @property
    def arms_at_start(self) -> int:
        """Arms of all rows."""
        return self.size * self.rows

    @property
    def arms_per_decision(self) -> int:
        """Arms of one row."""
        return self.size

    @property
    def change_times(self) -> tuple[float, ...]:
        """Pulls before which the rates become others."""
        return tuple(float(change.at) for change in self.changes)

    @property
    def fixed_means(self) -> tuple[float, ...] | None:
        """The listed rates, unless they change."""
        return None if self.changes or self.churn is not None else self.means

    @property
    def can_be_unlucky(self) -> bool:
        """Whether the rates are listed and never change, and each replication is one row."""
        return self.fixed_means is not None and self.rows == 1

    @property
    def unlucky_wanted(self) -> int:
        """Unlucky replications beside the others."""
        return self.unlucky or 0

    def findings(self) -> Iterator[Finding]:
        """True rates are listed, or drawn from a prior; changes are in order of time and give a rate to every arm."""
        yield from self._rates()
        yield from self._changes()
        if self.unlucky is not None and not self.can_be_unlucky:
            yield Finding(("world", "unlucky"), "needs `means` without `changes`, `churn` and `rows`; leave it out")
        yield from self._shared()

    def _rates(self) -> Iterator[Finding]:
        if self.means is not None:
            for key in ("prior", "arms"):
                if getattr(self, key) is not None:
                    yield Finding(("world", key), f"`means` are given, so `{key}` has no meaning; keep one of the two")
        elif self.prior is None and self.arms is None:
            yield Finding(("world",), "needs `means`, or `prior` and `arms`")
        elif self.arms is None:
            yield Finding(("world", "prior"), "needs `arms`, the number of arms to draw")
        elif self.prior is None:
            yield Finding(("world", "arms"), "needs `prior`, such as {beta: [1, 1]}, to draw their rates from")
        if self.churn is not None and self.prior is None:
            yield Finding(("world", "churn"), "needs `prior`, from which new arms are drawn")

    def _shared(self) -> Iterator[Finding]:
        if self.rows > 1 and self.churn is not None:
            yield Finding(("world", "churn"), "replaces arms of one row, but `rows` share theirs; keep one of the two")
        if self.correlation < 1.0 and self.rows == 1:
            yield Finding(("world", "correlation"), "has no meaning for one row; set `rows` too, or leave it out")
        elif self.correlation < 1.0 and self.means is not None:
            yield Finding(("world", "correlation"), "`means` are given and equal in all rows; use `prior` and `arms`")

    def _changes(self) -> Iterator[Finding]:
        before = 0
        for index, change in enumerate(self.changes):
            path = ("world", "changes", index)
            if change.at <= before:
                yield Finding((*path, "at"), f"must be above {before}, where the change before it happens")
            before = max(before, change.at)
            if self.size and len(change.means) != self.size:
                yield Finding((*path, "means"), f"has {len(change.means)} rates for {self.size} arms")

    def findings_until(self, length: float) -> Iterator[Finding]:
        """A change happens before the end."""
        for index, change in enumerate(self.changes):
            if change.at >= length:
                message = f"pull {change.at} does not happen: the horizon is {length:.0f} pulls"
                yield Finding(("world", "changes", index, "at"), message)


class GeometricDelay(Section):
    """A random delay, geometric on 0, 1, 2, …"""

    geometric: Annotated[float, Field(ge=0.0, le=1e9)] = Field(description="The mean delay, in pulls.")


def _delay_form(value: object) -> str:
    # No key's name, or messages would take it for one.
    return "(mapping)" if isinstance(value, (dict, GeometricDelay)) else "(number)"


_FixedDelay = Annotated[Whole, Field(ge=0, le=MAX_PULLS)]
Delay = Annotated[
    Annotated[_FixedDelay, Tag("(number)")] | Annotated[GeometricDelay, Tag("(mapping)")], Discriminator(_delay_form)
]


class BernoulliFeedback(Section):
    """When policies learn the outcomes of their pulls."""

    refresh_every: Annotated[Whole, Field(ge=1, le=MAX_PULLS)] = Field(
        1, description="Pulls between refreshes of the statistics that policies see."
    )
    delay: Delay = Field(0, description="Pulls until an outcome is known: a number, or `{geometric: MEAN}`.")

    @property
    def refresh_period(self) -> float | None:
        """Pulls between refreshes; None where every pull has one."""
        return float(self.refresh_every) if self.refresh_every > 1 else None


WORLD = WorldKind(
    kind="bernoulli",
    horizon="pulls",
    engine="sim.worlds.bernoulli.world:BernoulliWorld",
    workload="sim.runs.workload:bernoulli",
    field="sim.pilot:textbook",
    cell_bytes=100.0,
    reward="successes",
    sends="pulls",
    one_page=True,
)
