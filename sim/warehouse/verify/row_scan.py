"""All contents checks in one pass over a large local table.

Uniqueness of the key is proven by order: captions that rise within every page cannot repeat. Where they do not rise,
and where percentiles are out of range, the check files answer instead.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from policies.maths.wilson import wilson_bounds
from sim.warehouse.base import Target
from sim.warehouse.verify.results import Result
from sim.warehouse.verify.row_kernel import COUNTED, PERCENTILES, SMALL, scan_rows
from sim.warehouse.verify.row_sources import Batch, Source, sources

GROUP = "contents"
Numbers = NDArray[Any]


class Scattered(Exception):
    """Rows of a page do not lie together; run by run there would be as much to do as row by row."""


@dataclass
class Tally:
    """What was counted so far, the captions' order within each page, and the spans of the percentiles there."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))
    pages: dict[Any, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)
    spans: list[Numbers] = field(default_factory=list)

    def add(self, part: "Part") -> None:
        """Add a batch; batches come in the table's order."""
        for name, count in zip(COUNTED, part.counts.tolist(), strict=True):
            self.counts[name] += count
        at = [self.pages.setdefault(name, len(self.pages)) for name in part.names]
        for page, (rows, first, last) in zip(at, part.keys.tolist(), strict=True):
            if rows:
                self.counts["unordered"] += page in self.last and first <= self.last[page]
                self.last[page] = last
        run, rank, least, most = part.spans
        page = np.array(at, dtype=np.float64)[run.astype(np.int64)]
        self.spans.append(np.array([page * PERCENTILES + rank, least, most]))

    @property
    def ranks(self) -> tuple[int, int]:
        """Percentiles of a page that begin at or below the avg_emv where a lower one ends; percentiles in all."""
        key, least, most = _merged(np.concatenate([np.empty((3, 0)), *self.spans], axis=1))
        page = key // PERCENTILES
        same = page[1:] == page[:-1]
        if not np.any(same & (least[1:] <= most[:-1])):
            return 0, key.size  # neighbours in order: all in order
        frame = pl.DataFrame({"page": page, "least": least, "most": most})
        below = pl.col("most").cum_max().shift().over("page")
        return int(frame.select((pl.col("least") <= below).sum()).item()), key.size


@dataclass(frozen=True)
class Part:
    """One batch: its counts, the names of its runs of pages, and their keys, as the kernel makes them.

    `spans` (4, any): run, percentile, least and most avg_emv, in this order, of every percentile that a run has.
    """

    counts: Numbers
    names: list[Any]
    keys: Numbers
    spans: Numbers


def _merged(spans: Numbers) -> Numbers:
    """Spans (3: key, least, most) with each key once, rising: a page may come in several batches."""
    key = spans[0]
    if np.all(key[1:] > key[:-1]):
        return spans
    ordered = spans[:, np.argsort(key, kind="stable")]
    starts = np.flatnonzero(np.diff(ordered[0], prepend=-1.0))
    return np.array(
        [ordered[0, starts], np.minimum.reduceat(ordered[1], starts), np.maximum.reduceat(ordered[2], starts)]
    )


def scan(target: Target, table: str) -> dict[str, Result] | None:
    """The results by check, but for those that need a check file; None where the table cannot be read this way."""
    found = sources(target, table)
    if found is None:
        return None
    tally = Tally()
    try:
        for part in _all_parts(found):
            tally.add(part)
    except Scattered:
        return None
    return {result.check: result for result in results(tally)}


def _all_parts(found: Sequence[Source]) -> Iterator[Part]:
    """In order, by as many threads as there are processors."""
    with ThreadPoolExecutor(_threads()) as pool:
        for parts in pool.map(_parts, found):
            yield from parts


def results(tally: Tally) -> Iterator[Result]:
    """The verdicts in the words of the check files."""
    n = tally.counts
    rows, counted = n["rows"], n["counted"]
    yield _verdict("contents_nulls", n["missing"], rows, "rows have a NULL key, count or last_updated")
    yield _verdict("contents_ranges", n["outside"], rows, "rows are outside a range")
    yield _verdict("contents_bounds", n["bounds"], counted, "rows hold other bounds")
    yield _verdict("contents_exploration", n["exploration"], counted, "rows hold another score")
    yield _verdict("contents_times", n["late"], rows, "rows were used after their update")
    yield _observations(n)
    if not n["unordered"]:
        yield Result(GROUP, "contents_keys", "pass", f"0 surplus rows among {rows}, on 0 pages")
    if not n["unranked"]:
        words = "percentiles of a page begin at or below the avg_emv where a lower one ends"
        yield _verdict("contents_percentiles", *tally.ranks, words)


def _verdict(check: str, wrong: int, rows: int, words: str) -> Result:
    return Result(GROUP, check, "fail" if wrong else "pass" if rows else "skip", f"{wrong} of {rows} {words}")


def _observations(n: dict[str, int]) -> Result:
    bad = n["more"] or n["unprimed"]
    status = "fail" if bad else "warn" if n["fewer"] else "pass"
    detail = (
        f"{n['more']} rows with more labels than observations, {n['fewer']} with fewer,"
        f" {n['unprimed']} without the prior, of {n['rows']}"
    )
    return Result(GROUP, "contents_observations", status, detail)


def _parts(source: Source) -> list[Part]:
    return [_part(batch) for batch in source() if len(batch.columns[0])]


def _part(batch: Batch) -> Part:
    rows, runs = len(batch.columns[0]), len(batch.labels)
    if runs > 1000 + rows // 16:
        raise Scattered
    ints = tuple(_values(one, np.int64) for one in batch.columns[:7])
    reals = tuple(_values(one, np.float64) for one in batch.columns[7:])
    page = np.repeat(np.arange(runs, dtype=np.int32), batch.lengths)
    known = np.packbits(np.array([label is not None for label in batch.labels])[page], bitorder="little")
    masks = (*(_mask(one) for one in batch.columns), _read_only(known if None in batch.labels else known[:0]))
    offsets = np.array([*(one.offset for one in batch.columns), 0], dtype=np.int64)
    counts = np.zeros(len(COUNTED), dtype=np.int64)
    keys, spans = np.zeros((runs, 3), dtype=np.int64), _no_spans(runs)
    _kernel()(_read_only(page), ints, reals, masks, offsets, counts, keys, spans, _small_bounds())
    run, rank = np.nonzero(np.isfinite(spans[0]))
    return Part(counts, batch.labels, keys, np.array([run, rank, spans[0, run, rank], spans[1, run, rank]]))


def _values(column: pa.Array, kind: Any) -> Numbers:
    return _read_only(np.frombuffer(column.buffers()[1], dtype=kind)[column.offset : column.offset + len(column)])


def _mask(column: pa.Array) -> Numbers:
    bits = column.buffers()[0] if column.null_count else None
    return _read_only(np.frombuffer(bits, dtype=np.uint8) if bits is not None else np.empty(0, dtype=np.uint8))


def _read_only(values: Numbers) -> Numbers:
    values.flags.writeable = False  # one kernel for all: Numba tells read-only arrays from others
    return values


def _no_spans(pages: int) -> Numbers:
    spans = np.empty((2, pages, PERCENTILES))
    spans[0], spans[1] = np.inf, -np.inf
    return spans


@cache
def _small_bounds() -> Numbers:
    counts = np.arange(SMALL)
    return np.stack(wilson_bounds(counts[:, None], counts[None, :]))


@cache
def _kernel() -> Any:
    from sim.kernels import specialise  # noqa: PLC0415  (Numba, for large tables only)

    return specialise(scan_rows, "contents", refcount=False)


def _threads() -> int:
    return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
