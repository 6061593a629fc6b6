"""What every section of a scenario shares: strict, frozen models and the bounded numbers they are made of."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

MAX_REPLICATIONS = 1_000_000
MAX_PULLS = 1_000_000_000
MIN_DAYS = 0.001
MAX_DAYS = 3_660
MAX_ARMS = 100_000
MAX_ROWS_OF_ARMS = 1_000
MAX_LIST = 5_000


class Section(BaseModel):
    """A section of a scenario: unknown keys, NaN, infinities and numbers in quotes are errors."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False, validate_default=True)


def _whole(value: Any) -> Any:
    """1e4 is a float in YAML; where a count is expected it means 10000."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = Annotated[int, BeforeValidator(_whole)]
"""A whole number; `1e4` is welcome, `"10"`, `true` and `1.5` are not."""

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0, le=1e9)]

Listed = Field(strict=False)
"""For a tuple field: YAML writes it as a list."""
