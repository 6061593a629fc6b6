"""The owners charge other prices."""

from typing import Annotated, Literal

from pydantic import Field

from sim.calendar.incidents.base import Incident


class PricesChange(Incident):
    """Captions cost another price for a time; purchases per view follow the scenario's price elasticity."""

    kind: Literal["prices"] = Field("prices", description="Captions cost another price.")
    factor: Annotated[float, Field(ge=0.1, le=10.0)] = Field(
        1.25, description="Factor of all prices, which stay whole dollars of at least 1."
    )

    neutral = 1.0

    @property
    def value(self) -> float:
        """Factor of the prices."""
        return self.factor
