"""The update job runs at another interval, such as hourly."""

from typing import Annotated, Literal

from pydantic import Field

from sim.calendar.incidents.base import Incident


class UpdateJobInterval(Incident):
    """The update job runs more or less often for a time."""

    kind: Literal["update_job_interval"] = Field("update_job_interval", description="Another interval of the job.")
    pages: Literal["all"] = Field("all", description="The job serves all pages.")
    hours: Annotated[float, Field(ge=0.25, le=8_760.0)] = Field(1.0, description="Hours between runs meanwhile.")

    @property
    def value(self) -> float:
        """Hours between runs."""
        return self.hours
