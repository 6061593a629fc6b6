"""The table world, real counts as the truth: its section, its feedback and its selection."""

import math
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from sim.scenario.patterns import FILE_NAME
from sim.scenario.sections.base import Section, Whole
from sim.scenario.sections.world_kind import WorldKind
from sim.scenario.sections.world_section import WorldSection

ColumnName = Annotated[str, Field(min_length=1, max_length=300)]


class TableColumns(Section):
    """Which columns of the file hold what."""

    page: ColumnName = Field("page_name", description="Column of the page.")
    caption: ColumnName = Field("caption_id", description="Column of the caption (one row per page and caption).")
    trials: ColumnName = Field("trials", description="Column of the number of trials.")
    successes: ColumnName = Field("successes", description="Column of the number of successes.")
    price: ColumnName | None = Field(
        None, description="Column of what one success earns, in US dollars. With it the world has money."
    )


NEARLY = 1e-9  # of a send, since times of curve points are rounded


def sends_before(day: float, sends_per_day: int) -> int:
    """Sends of a page before time `day`."""
    return math.ceil(day * sends_per_day - NEARLY)


def _text(value: object) -> object:
    return str(value) if hasattr(value, "__fspath__") else value


class TableSection(WorldSection):
    """Real counts as the world: every page of the file is a page, every row an arm."""

    kind: Literal["table"] = Field("table", description="The world's kind.")
    source: Annotated[str, BeforeValidator(_text), Field(pattern=FILE_NAME, max_length=4096)] | None = Field(
        None, description="The Parquet or CSV file. Give it here, or with `--set world.source=FILE`."
    )
    columns: TableColumns = Field(TableColumns(), description="Which columns of the file hold what.")
    rates: Literal["drawn", "observed"] = Field(
        "drawn",
        description="True rates: `drawn` once per replication from the posterior under an empirical-Bayes Beta prior, "
        "or fixed at the `observed` rates.",
    )
    sends_per_day: Annotated[Whole, Field(ge=1, le=1_000)] = Field(4, description="Captions that a page sends per day.")
    fans_per_send: Annotated[Whole, Field(ge=1, le=1_000_000)] = Field(100, description="Fans that each send reaches.")
    label: Literal["fan", "send"] = Field(
        "fan",
        description="What counts as a trial: every `fan`, or the `send`, a success where it sells more than the page's "
        "median (with prices: earns more).",
    )

    @property
    def most_sends_per_day(self) -> int:
        """Sends of one page: the file knows how many pages there are."""
        return self.sends_per_day

    @property
    def input_file(self) -> str | None:
        """The file of counts."""
        return self.source

    @property
    def has_money(self) -> bool:
        """A caption with a price earns dollars."""
        return self.columns.price is not None

    @property
    def money_hint(self) -> str:
        """The column that is missing."""
        return "; `world.columns.price` names the column of prices"

    def pages_of(self, pulls: float, length: float) -> int:
        """The pages of the file, by what all of them sent."""
        return round(pulls / sends_before(length, self.sends_per_day))

    @property
    def needs_file(self) -> bool:
        """The counts are in a file."""
        return True


class TableFeedback(Section):
    """When policies learn the outcomes of their sends."""

    refresh_hours: Annotated[float, Field(ge=1 / 60, le=8_760.0)] = Field(
        6.0, description="Hours between refreshes, at least one minute."
    )

    @property
    def refresh_period(self) -> float:
        """Days between refreshes."""
        return self.refresh_hours / 24


class TableSelection(Section):
    """How captions are chosen: the best by score, nothing held back."""

    top: Literal[1] = Field(1, description="Captions per send: the one with the highest score.")


WORLD = WorldKind(
    kind="table",
    horizon="days",
    engine="sim.worlds.table.world:TableWorld",
    workload="sim.runs.workload:table",
    field="sim.pilot:counted",
    cell_bytes=180.0,
    reward="conversions",
)
