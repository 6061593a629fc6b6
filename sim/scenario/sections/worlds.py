"""The bernoulli and the table world, and the feedback and selection that go with each."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from sim.scenario.sections.base import MAX_ARMS, MAX_LIST, MAX_PULLS, Listed, Positive, Probability, Section, Whole

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


class BernoulliWorld(Section):
    """The textbook problem, one pull at a time."""

    kind: Literal["bernoulli"] = Field("bernoulli", description="The world's kind.")
    means: Means | None = Field(None, description="Fixed true rates, one per arm. Either this, or `prior` and `arms`.")
    prior: BetaPrior | None = Field(None, description="True rates are drawn from here, anew in each replication.")
    arms: Annotated[Whole, Field(ge=2, le=MAX_ARMS)] | None = Field(None, description="Number of arms, with `prior`.")
    changes: Annotated[tuple[Change, ...], Field(max_length=MAX_LIST), Listed] = Field(
        (), description="Moments at which the true rates change."
    )
    churn: Churn | None = Field(None, description="Replacement of arms; needs `prior`.")

    @property
    def size(self) -> int:
        """Number of arms."""
        return self.arms or len(self.means or ())


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


ColumnName = Annotated[str, Field(min_length=1, max_length=300)]


class TableColumns(Section):
    """Which columns of the file hold what."""

    page: ColumnName = Field("page_name", description="Column of the page.")
    caption: ColumnName = Field("caption_id", description="Column of the caption (one row a page and caption).")
    trials: ColumnName = Field("trials", description="Column of the number of trials.")
    successes: ColumnName = Field("successes", description="Column of the number of successes.")


def _text(value: object) -> object:
    return str(value) if hasattr(value, "__fspath__") else value


class TableWorld(Section):
    """Real counts as the world: every page of the file is a page, every row an arm."""

    kind: Literal["table"] = Field("table", description="The world's kind.")
    source: Annotated[str, BeforeValidator(_text), Field(pattern=r"^[^\x00]+$", max_length=4096)] | None = Field(
        None, description="The Parquet or CSV file. Give it here, or with `--set world.source=FILE`."
    )
    columns: TableColumns = Field(TableColumns(), description="Which columns of the file hold what.")
    rates: Literal["drawn", "observed"] = Field(
        "drawn",
        description="True rates: `drawn` once a replication from the posterior under an empirical-Bayes Beta prior, "
        "or fixed at the `observed` rates.",
    )
    sends_per_day: Annotated[Whole, Field(ge=1, le=1_000)] = Field(4, description="Captions sent by a page in a day.")
    fans_per_send: Annotated[Whole, Field(ge=1, le=1_000_000)] = Field(100, description="Fans that each send reaches.")
    label: Literal["fan", "send"] = Field(
        "fan", description="What counts as a trial: every `fan`, or the `send` against the page's median."
    )


class TableFeedback(Section):
    """When policies learn the outcomes of their sends."""

    refresh_hours: Annotated[float, Field(gt=0.0, le=8_760.0)] = Field(6.0, description="Hours between refreshes.")


class TableSelection(Section):
    """How captions are chosen: the best by score, nothing held back."""

    top: Literal[1] = Field(1, description="Captions per send: the one with the highest score.")
