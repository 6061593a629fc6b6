"""The audience of pages grows or shrinks."""

from typing import Annotated, Literal

from pydantic import Field

from sim.calendar.incidents.base import Incident


class AudienceChange(Incident):
    """Pages have another number of fans for a time."""

    kind: Literal["audience"] = Field("audience", description="Pages have another number of fans.")
    factor: Annotated[float, Field(gt=0.0, le=100.0)] = Field(2.0, description="Factor of the fans: 2 doubles them.")

    neutral = 1.0

    @property
    def value(self) -> float:
        """Factor of the fans."""
        return self.factor
