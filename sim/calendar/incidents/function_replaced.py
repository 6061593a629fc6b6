"""The sampling function is silently replaced by another of the same name."""

from typing import Literal

from pydantic import Field

from sim.calendar.incidents.base import Incident


class FunctionReplaced(Incident):
    """`wilson_sample` draws from a normal of the Beta mean and 0.2 times the Beta deviation, clamped to [0, 1].

    Policies of other kinds do not call the function and are not affected.
    """

    kind: Literal["function_replaced"] = Field(
        "function_replaced", description="wilson_sample draws from a narrow normal instead."
    )
