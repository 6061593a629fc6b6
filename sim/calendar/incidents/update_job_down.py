"""The update job does not run: no refresh between begin and end."""

from typing import Literal

from pydantic import Field

from sim.calendar.incidents.base import Incident


class UpdateJobDown(Incident):
    """The update job does not run for a time; on all pages."""

    kind: Literal["update_job_down"] = Field("update_job_down", description="The update job does not run.")
    pages: Literal["all"] = Field("all", description="The job serves all pages.")
