"""The share of messages whose caption the send log names changes."""

from typing import Annotated, Literal

from pydantic import Field

from sim.calendar.incidents.base import Incident


class Attribution(Incident):
    """Another share of messages is attributed for a time: 0 for a matcher that broke, 0.15 for the owners' target."""

    kind: Literal["attribution"] = Field("attribution", description="Another share of messages is attributed.")
    share: Annotated[float, Field(ge=0.0, le=1.0)] = Field(0.0, description="Share meanwhile.")

    neutral = -1.0  # the scenario's own share

    @property
    def value(self) -> float:
        """The share."""
        return self.share
