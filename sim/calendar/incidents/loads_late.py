"""Loads of the send log come late."""

from typing import Annotated, Literal

from pydantic import Field

from sim.calendar.incidents.base import Incident


class LoadsLate(Incident):
    """Loads that are due meanwhile come so many days late, and show what is known then."""

    kind: Literal["loads_late"] = Field("loads_late", description="Loads of the send log come late.")
    pages: Literal["all"] = Field("all", description="Loads serve all pages.")
    late_days: Annotated[float, Field(gt=0.0, le=400.0)] = Field(7.0, description="Days by which they are late.")

    @property
    def value(self) -> float:
        """Days by which loads are late."""
        return self.late_days
