"""Parts of a plan as Parquet files: made and written batch by batch, by as many threads as are allowed.

Threads, not processes: the kernel and the Parquet writer both run without Python's lock, so a pool of threads uses
every core, starts at once and shares the compiled code.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from sim.files import replacing
from sim.kernels import specialise
from sim.seeding import kernel
from sim.seeding.figures import zipf_law
from sim.seeding.plan import PartPlan, SeedPlan
from sim.tables.caption_stats import arrow_schema
from sim.warehouse.base import CHECKSUM_MODULUS, RowTotals
from sim.warehouse.load.checksum import Columns, checksum

SMALLEST_CV = 1e-6  # below it purchases are Poisson to the last bit that matters
# Columns of few distinct values: a dictionary makes them small, and fast to write.
DICTIONARY = [
    "page_name", "successes", "failures", "total_observations", "confidence_lower_bound", "confidence_upper_bound",
    "exploration_score", "last_used", "last_updated", "performance_percentile",
]  # fmt: skip


@cache
def _fill_pages() -> Callable[..., None]:
    compiled: Callable[..., None] = specialise(kernel.fill_pages, "seeding")
    return compiled


class Batch(NamedTuple):
    """The rows of consecutive pages, column by column."""

    names: list[str]
    pages: NDArray[np.int32]  # (rows,) into `names`
    whole: NDArray[np.int64]  # (WHOLE_COLUMNS, rows)
    real: NDArray[np.float64]  # (REAL_COLUMNS, rows)

    def table(self) -> pa.Table:
        """The table's 15 columns; page_name is dictionary-encoded."""
        return pa.Table.from_arrays(_columns(self), schema=_writer_schema())

    def checksum(self) -> int:
        """Checksum of these rows."""
        whole, real = self.whole, self.real
        columns = Columns(
            caption_id=whole[kernel.CAPTION_ID],
            successes=whole[kernel.SUCCESSES],
            failures=whole[kernel.FAILURES],
            total_observations=whole[kernel.OBSERVATIONS],
            total_revenue=real[kernel.REVENUE],
            avg_conversion_rate=real[kernel.CONVERSION],
            avg_emv=real[kernel.MEAN_EMV],
            last_emv_observed=real[kernel.LAST_EMV],
            confidence_lower_bound=real[kernel.LOWER],
            confidence_upper_bound=real[kernel.UPPER],
            exploration_score=real[kernel.EXPLORATION],
            last_used=whole[kernel.LAST_USED],
            last_updated=whole[kernel.LAST_UPDATED],
            performance_percentile=whole[kernel.PERCENTILE],
        )
        return checksum(self.pages, self.names, columns)


def make_batch(plan: SeedPlan, pages: range) -> Batch:
    """Make the rows of consecutive pages."""
    starts = plan.page_starts[pages.start : pages.stop + 1]
    rows = int(starts[-1] - starts[0])
    whole, real = np.empty((kernel.WHOLE_COLUMNS, rows), np.int64), np.empty((kernel.REAL_COLUMNS, rows))
    chosen = slice(pages.start, pages.stop)
    _fill_pages()(_model(plan), kernel.Pages(starts, plan.audiences[chosen], plan.levels[chosen]), whole, real)
    names = [f"page_{page + 1:04d}" for page in pages]
    return Batch(names, np.repeat(np.arange(len(pages), dtype=np.int32), np.diff(starts)), whole, real)


def batch(plan: SeedPlan, pages: range) -> pa.Table:
    """The rows of consecutive pages as a table of 15 columns; page_name is dictionary-encoded."""
    return make_batch(plan, pages).table()


def _model(plan: SeedPlan) -> kernel.Model:
    figures = plan.figures
    shares, quantiles = np.array(figures.prices, dtype=np.float64).T.copy()
    return kernel.Model(
        plan.root,
        plan.caption_ids == "full",
        plan.refreshes,
        zipf_law(figures.used_once),
        shares,
        quantiles,
        figures.rates_by_dollar(),
        figures.max_per_view,
        figures.unpriced_share,
        figures.view_rates(),
        figures.appeals(),
        1.0 / max(figures.message_cv, SMALLEST_CV) ** 2,
        _score_table(),
    )


@cache
def _score_table() -> NDArray[np.float64]:
    return kernel.score_table()


@cache
def _writer_schema() -> pa.Schema:
    schema = arrow_schema()
    place = schema.get_field_index("page_name")
    return schema.set(place, schema.field(place).with_type(pa.dictionary(pa.int32(), pa.string())))


def _columns(rows: Batch) -> list[Any]:
    whole, moment = rows.whole, pa.timestamp("us", "UTC")
    never = whole[kernel.LAST_USED] == kernel.NEVER
    return [
        pa.array(whole[kernel.CAPTION_ID]),
        pa.DictionaryArray.from_arrays(rows.pages, pa.array(rows.names)),
        *(pa.array(whole[column]) for column in (kernel.SUCCESSES, kernel.FAILURES, kernel.OBSERVATIONS)),
        *(pa.array(column) for column in rows.real),
        pa.array(whole[kernel.LAST_USED], moment, mask=never),
        pa.array(whole[kernel.LAST_UPDATED], moment),
        pa.array(whole[kernel.PERCENTILE]),
    ]


def write_part(plan: SeedPlan, part: PartPlan, path: Path) -> RowTotals:
    """Write one part to `path`, whole or not at all; memory is bounded by a batch. Returns the totals of its rows."""
    total = 0
    with replacing(path) as temporary, pq.ParquetWriter(
        temporary, _writer_schema(), compression="snappy", use_dictionary=DICTIONARY, store_schema=False,
        write_statistics=["caption_id", "page_name", "last_updated"],
    ) as writer:  # fmt: skip
        for pages in plan.batches(part):
            made = make_batch(plan, pages)
            writer.write_table(made.table())
            total += made.checksum()
    return RowTotals(part.rows, part.rows, total % CHECKSUM_MODULUS)


def write_parts(
    plan: SeedPlan, parts: Iterable[PartPlan], folder: Path, workers: int
) -> Iterator[tuple[PartPlan, Path, RowTotals]]:
    """Write `parts` into `folder`, at most `workers` + 1 ahead; yields them in order, with their totals."""
    waiting = iter(parts)
    with ThreadPoolExecutor(workers, thread_name_prefix="seed") as pool:

        def submit(part: PartPlan) -> tuple[PartPlan, Future[RowTotals]]:
            return part, pool.submit(write_part, plan, part, folder / part.name)

        running = [submit(part) for part in islice(waiting, workers + 1)]
        try:
            while running:
                part, future = running.pop(0)
                totals = future.result()
                running += [submit(following) for following in islice(waiting, 1)]
                yield part, folder / part.name, totals
        finally:
            for _, future in running:
                future.cancel()
