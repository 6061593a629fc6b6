"""A small traffic world that tests share: two pages of one size that reach every fan and sell often."""

from collections.abc import Sequence
from typing import Any

PER_VIEW = ((5.0, 0.06), (20.0, 0.02))


def small_traffic(
    *,
    captions: int = 60,
    priced_per_day: tuple[int, int],
    per_day_limits: tuple[int, int],
    fans: int = 3000,
    per_view: Sequence[tuple[float, float]] = PER_VIEW,
    bank: dict[str, Any] | None = None,
    purchases: dict[str, Any] | None = None,
    **sections: Any,
) -> dict[str, Any]:
    """The section `world`: `bank` and `purchases` add keys, `sections` are sections beside these."""
    sold = {"per_view": [list(point) for point in per_view], "reference_audience": fans, "strong_pages": {"share": 0.0}}
    return {
        "kind": "traffic",
        "pages": 2,
        "audience": {"fixed": fans},
        "sends": {
            "reach": 1.0,
            "size_limits": [],
            "priced_per_day": [list(priced_per_day)],
            "per_day_limits": list(per_day_limits),
        },
        "bank": {"captions": captions, **(bank or {})},
        "purchases": {**sold, **(purchases or {})},
        **sections,
    }
