"""The update job runs several times: twice at once, or retried after it had done half of its work."""

from typing import Annotated, Literal

from pydantic import Field

from sim.calendar.incidents.base import Incident


class UpdateJobRepeated(Incident):
    """Each run is followed by others, five minutes apart, which add again where every refresh counts."""

    kind: Literal["update_job_repeated"] = Field("update_job_repeated", description="Each run is repeated.")
    pages: Literal["all"] = Field("all", description="The job serves all pages.")
    times: Annotated[int, Field(ge=1, le=10)] = Field(
        1, description="Further runs after each: 1 for a job that runs twice, up to 3 for its retries."
    )

    @property
    def value(self) -> float:
        """Further runs."""
        return float(self.times)
