"""Fans buy less or more: a holiday, an outage of the platform."""

from typing import Annotated, Literal

from pydantic import Field

from sim.calendar.incidents.base import Incident


class RatesChange(Incident):
    """Purchases per view are multiplied for a time."""

    kind: Literal["rates"] = Field("rates", description="Purchases per view change.")
    factor: Annotated[float, Field(ge=0.0, le=100.0)] = Field(
        0.28, description="Factor: 0.35 to 0.52 on a bad holiday, 0.28 in an outage."
    )

    neutral = 1.0

    @property
    def value(self) -> float:
        """Factor of the purchases per view."""
        return self.factor
