"""The table's partitions expire: rows that were not updated for so many days are deleted, and return as (1, 1)."""

from typing import Annotated, Literal

from pydantic import Field

from sim.calendar.incidents.base import Incident


class PartitionExpiry(Incident):
    """Every day, rows whose last update is older than the limit are deleted."""

    kind: Literal["partition_expiry"] = Field("partition_expiry", description="Old rows of the table are deleted.")
    after_days: Annotated[float, Field(gt=0.0, le=3_660.0)] = Field(90.0, description="Age at which a row is deleted.")

    @property
    def value(self) -> float:
        """Age in days."""
        return self.after_days
