"""What an incident is: something that begins at a moment, ends at a moment, and changes the state of the calendar.

    incident process ──sets──> Timetable.state ──read by──> update job, loads
                     └─announces──> events of kind `incident:KIND` with the value in force, 0 or 1 at the end

The state holds what other processes read, by name; events are what kernels and reports read.
"""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from sim.calendar.base import ALL_PAGES, Process, Timetable

PREFIX = "incident:"
MAX_DAYS = 3_660.0


class Incident(BaseModel):
    """Keys that all incidents share."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True, populate_by_name=True
    )

    kind: str
    first: Annotated[float, Field(ge=0.0, le=MAX_DAYS, alias="from")] = Field(
        alias="from", description="The day on which it begins, counted from 0; fractions are hours."
    )
    days: Annotated[float, Field(gt=0.0, le=MAX_DAYS)] | None = Field(
        None, description="How many days it lasts; to the end of the run where not given."
    )
    pages: Literal["all"] | Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(strict=False)] = Field(
        "all", description="`all`, or the numbers of the pages on which it happens, from 1."
    )

    neutral: ClassVar[float] = 0.0
    """The value outside of the incident."""

    @model_serializer(mode="wrap")
    def _with_alias(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        plain: dict[str, Any] = handler(self)
        return {"from" if name == "first" else name: value for name, value in plain.items()}

    @property
    def value(self) -> float:
        """The value while it lasts."""
        return 1.0

    def begin(self, timetable: Timetable, ticks_per_day: int) -> Process:
        """Wait for the beginning, set the state and announce it."""
        yield timetable.until(round(self.first * ticks_per_day))
        timetable.state[self.kind] = self.value
        self._announce(timetable, self.value)

    def end(self, timetable: Timetable, ticks_per_day: int) -> Process:
        """Wait for the end, if there is one, restore the state and announce it."""
        if self.days is not None:
            yield timetable.until(round((self.first + self.days) * ticks_per_day))
            timetable.state[self.kind] = self.neutral
            self._announce(timetable, self.neutral)

    def _announce(self, timetable: Timetable, value: float) -> None:
        for page in [ALL_PAGES] if self.pages == "all" else [number - 1 for number in self.pages]:
            timetable.announce(PREFIX + self.kind, value, page)
