"""Types of options that several commands share."""

from typing import Any

import click


class Count(click.IntRange):
    """A whole number as people write it: `1000000`, `1e6`, `1_000_000` or `1,000,000`."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; fails as click does where it is none, or out of range."""
        return int(super().convert(_whole(value), param, ctx))


def _whole(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.replace(",", "").replace("_", "")
    try:
        number = float(text)
    except ValueError:
        return value
    return int(number) if number.is_integer() and not text.isdigit() else text
