"""What is to be seeded, and how it falls into pages, batches and parts; nothing here touches a row."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.maths.draws import STREAM, mix
from sim.rng import row_keys
from sim.seeding.figures import MOST_PAGE_ROWS, SeedFigures, default_figures
from sim.tables.caption_stats import SCHEMA

REFRESH_HOURS = 6
DAYS = 90
REFRESHES = DAYS * 24 // REFRESH_HOURS
DEFAULT_PART_ROWS = 1_000_000
BATCH_ROWS = 1 << 16
CAPTION_IDS = ("dense", "full")
MOST_ROWS = 10**11
# Raise it whenever the rows of a given seed change: it is part of the digest by which a load is recognised.
FORMAT = 1
_UNIT = 2.0**-53
_SIZE, _AUDIENCE, _LEVEL = np.uint64(0), np.uint64(1 << 50), np.uint64(2 << 50)


@dataclass(frozen=True)
class PartPlan:
    """Whole pages written into one file: pages [first_page, end_page), rows [first_row, end_row)."""

    index: int
    first_page: int
    end_page: int
    first_row: int
    end_row: int

    @property
    def rows(self) -> int:
        """Rows of the part."""
        return self.end_row - self.first_row

    @property
    def name(self) -> str:
        """Its file name."""
        return f"part-{self.index:06d}.parquet"


@dataclass(frozen=True)
class SeedPlan:
    """`rows` rows of seed `seed`; `caption_ids` is "dense" (1, 2, …) or "full" (all of INT64).

    The 90 daily partitions end with the day before `until`. Raises ValueError for what is out of range.
    """

    rows: int
    seed: int = 7
    caption_ids: str = "dense"
    until: datetime = datetime(2025, 4, 1, tzinfo=UTC)
    figures: SeedFigures = field(default_factory=default_figures)

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not 1 <= self.rows <= MOST_ROWS:
            raise ValueError(f"rows: must be from 1 to {MOST_ROWS}, got {self.rows}")
        if not 0 <= self.seed < 1 << 64:
            raise ValueError(f"seed: must be from 0 to 2**64 - 1, got {self.seed}")
        if self.caption_ids not in CAPTION_IDS:
            raise ValueError(f"caption_ids: must be one of {', '.join(CAPTION_IDS)}, got {self.caption_ids!r}")

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits that name these rows, and no others."""
        return hashlib.sha256(json.dumps(self.description(), sort_keys=True).encode()).hexdigest()[:16]

    def description(self) -> dict[str, Any]:
        """Everything that the rows depend on, for manifests."""
        return {
            "format": FORMAT,
            "rows": self.rows,
            "seed": self.seed,
            "caption_ids": self.caption_ids,
            "until": self.until.isoformat(),
            "figures": asdict(self.figures),
            "columns": [column.name for column in SCHEMA],
        }

    @cached_property
    def root(self) -> np.uint64:
        """The key that row keys are mixed from."""
        return np.uint64(row_keys(self.seed, "seeding:rows", [0])[0, 0])

    @cached_property
    def page_starts(self) -> NDArray[np.int64]:
        """Index of the first row of every page, then `rows`: shape (pages + 1,); only the last page is cut short."""
        starts = np.zeros(1, dtype=np.int64)
        pages = 64 + int(1.1 * self.rows / self.figures.page_rows)
        while starts[-1] < self.rows:
            starts = np.concatenate(([0], np.cumsum(self._page_sizes(pages))))
            pages *= 2
        return np.append(starts[: np.searchsorted(starts, self.rows)], self.rows)

    @cached_property
    def audiences(self) -> NDArray[np.int64]:
        """Recipients of a message of every page, shape (pages,): the part of its fans that a message reaches."""
        recipients: NDArray[np.int64] = np.maximum(np.rint(self.figures.reach * self._fans), 1).astype(np.int64)
        return recipients

    @cached_property
    def levels(self) -> NDArray[np.float64]:
        """Factor on purchases per view of every page, shape (pages,)."""
        return self.figures.page_level(self._fans, self._normals(self.pages, _LEVEL))

    @cached_property
    def _fans(self) -> NDArray[np.float64]:
        """Fans of every page, whole numbers of shape (pages,): log-linear between the points of `audience`."""
        shares, fans = np.array(self.figures.audience, dtype=np.float64).T
        drawn = np.exp(np.interp(_uniform(self._page_keys(self.pages) + _AUDIENCE), shares, np.log(fans)))
        whole: NDArray[np.float64] = np.maximum(np.rint(drawn), 1.0)
        return whole

    @property
    def pages(self) -> int:
        """How many pages."""
        return len(self.page_starts) - 1

    @property
    def refreshes(self) -> NDArray[np.int64]:
        """The refreshes that may have been a row's last, microseconds since 1970, shape (REFRESHES,)."""
        step = REFRESH_HOURS * 3_600_000_000
        end = round(self.until.timestamp()) * 1_000_000
        return end + step * np.arange(-REFRESHES, 0, dtype=np.int64)

    def parts(self, part_rows: int = DEFAULT_PART_ROWS) -> list[PartPlan]:
        """The plan cut into parts of whole pages: each page belongs to the part its first row falls into."""
        cuts = self._cuts(0, self.pages, part_rows)
        return [
            PartPlan(index, low, high, int(self.page_starts[low]), int(self.page_starts[high]))
            for index, (low, high) in enumerate(pairwise(cuts))
        ]

    def batches(self, part: PartPlan, batch_rows: int = BATCH_ROWS) -> Iterator[range]:
        """Ranges of whole pages, about `batch_rows` rows each, that make up a part."""
        cuts = self._cuts(part.first_page, part.end_page, batch_rows)
        for low, high in pairwise(cuts):
            yield range(low, high)

    def _cuts(self, first: int, end: int, size: int) -> list[int]:
        if size < 1:
            raise ValueError(f"part rows: must be at least 1, got {size}")
        starts = self.page_starts[first:end]
        group = (starts - starts[0]) // size
        inner = np.flatnonzero(np.diff(group)) + 1
        return [first, *(first + inner).tolist(), end]

    def _page_sizes(self, pages: int) -> NDArray[np.int64]:
        figures = self.figures
        center = np.log(figures.page_rows) - figures.page_rows_sd**2 / 2.0
        drawn = np.exp(center + figures.page_rows_sd * self._normals(pages, _SIZE))
        sizes: NDArray[np.int64] = np.clip(np.rint(drawn), 1, MOST_PAGE_ROWS * figures.page_rows).astype(np.int64)
        return sizes

    def _normals(self, pages: int, purpose: np.uint64) -> NDArray[np.float64]:
        """Standard normals by page (Box & Muller 1958)."""
        keys = self._page_keys(pages) + purpose
        with np.errstate(over="ignore"):
            second = _uniform(keys + STREAM)
        normals: NDArray[np.float64] = np.sqrt(-2.0 * np.log(_uniform(keys))) * np.cos(2.0 * np.pi * second)
        return normals

    def _page_keys(self, pages: int) -> NDArray[np.uint64]:
        keys: NDArray[np.uint64] = row_keys(self.seed, "seeding:pages", [0], pages)[0]
        return keys


def _uniform(keys: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Uniforms on (0, 1)."""
    with np.errstate(over="ignore"):
        mixed: Any = mix(keys)  # type: ignore[arg-type]  # elementwise on arrays too
    drawn: NDArray[np.float64] = (mixed >> np.uint64(11)) * _UNIT + _UNIT / 2.0
    return drawn
