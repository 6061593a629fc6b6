"""The table of pages: what a policy earned on each page of a replication, and its shortfall from the oracle."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.tables.caption_stats import page_names
from sim.tables.observations import schema
from sim.units import MICROS

if TYPE_CHECKING:
    import pyarrow as pa

PAGES = (
    "policy:string replication:int64 page:string audience:int64 sends:int64 reward:float64 revenue_usd:float64 "
    "shortfall:float64 weight:float64 expected_usd:float64 "
    "priced:int64 successes:int64"
)
Arrays = Mapping[str, NDArray[Any]]
"""The fields of `PageTotals` by name, (replications, pages)."""


def pages_schema() -> "pa.Schema":
    """One row per policy, replication and page; see docs/data-dictionary.md."""
    return schema(PAGES)


@dataclass
class Clairvoyant:
    """What an oracle earned, (pages,) by replication: dollars in a world with money (`money`), else reward."""

    money: bool
    earned: dict[int, NDArray[np.float64]] = field(default_factory=dict)

    def learn(self, replications: Iterable[int], pages: Arrays) -> None:
        """Keep what the oracle earned in these replications."""
        self.earned.update(zip(replications, self.value(pages), strict=True))

    def value(self, pages: Arrays) -> NDArray[np.float64]:
        """What shortfall is counted in, (replications, pages)."""
        values: NDArray[np.float64] = pages["revenue_micros"] / MICROS if self.money else pages["reward"]
        return values

    def shortfall(self, replications: range, pages: Arrays) -> NDArray[np.float64]:
        """Clairvoyant minus policy, (replications, pages); NaN where there is no oracle."""
        own = self.value(pages)
        if not self.earned:
            return np.full(own.shape, np.nan)
        return np.array([self.earned[each] for each in replications]) - own


def page_rows(policy: str, replications: range, pages: Arrays, clairvoyant: Clairvoyant) -> "pa.Table":
    """The rows of one policy, by replication, then page."""
    import pyarrow as pa  # noqa: PLC0415

    count, width = pages["reward"].shape
    names = pages["names"].tolist()
    audience = pages["audience"].ravel()
    columns: list[Any] = [
        pa.array([policy]).take(pa.array(np.zeros(count * width, np.int64))),
        np.repeat(np.arange(replications.start, replications.stop), width),
        page_names(np.tile(np.arange(1, width + 1, dtype=np.int32), count), tuple(names) if names else None),
        pa.array(audience, mask=audience < 0),
        pages["sends"].ravel(),
        pages["reward"].ravel(),
        pages["revenue_micros"].ravel() / MICROS,
        pa.array(clairvoyant.shortfall(replications, pages).ravel(), from_pandas=True),
        pages["weight"].ravel(),
        pa.array(pages["expected_usd"].ravel(), from_pandas=True),
        *(pa.array(pages[name].ravel(), mask=pages[name].ravel() < 0) for name in ("priced", "successes")),
    ]
    fields = pages_schema()
    arrays = [pa.array(column, each.type) for column, each in zip(columns, fields, strict=True)]
    return pa.Table.from_arrays(arrays, schema=fields)
