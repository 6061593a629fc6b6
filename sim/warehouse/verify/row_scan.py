"""All contents checks in one pass over a large local table.

Uniqueness of the key follows from order: captions that rise within every page cannot repeat. Percentiles are right if
those of a page follow each other as avg_emv does, each from the rank that PERCENT_RANK gives its least avg_emv to that
of its most. Where this does not hold the check files answer instead, row by row.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from policies.maths.wilson import wilson_bounds
from sim.warehouse.base import Target
from sim.warehouse.verify.checks import shipped
from sim.warehouse.verify.results import Result, Status
from sim.warehouse.verify.row_kernel import COUNTED, PERCENTILES, RECOUNTS, SMALL, scan_rows
from sim.warehouse.verify.row_sources import Batch, Source, sources

HOUR_US = 3_600_000_000
SLACK = 1e-9
FEWEST = 30  # rows from which multiples mean something
RECOUNTED = 0.4  # share of rows, as in contents_multiples.sql
STANDING_OUT = 0.05  # share of rows, where they are twice as many as those of both neighbours together
MULTIPLES = {2: 0.9, 3: 0.6, 5: 0.4, 7: 0.3, 11: 0.3, 13: 0.3}
Numbers = NDArray[Any]


class PagesNotContiguous(Exception):
    """Rows of a page are not adjacent: run by run costs as much as row by row."""


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
        run, *span = part.spans
        page = np.array(at, dtype=np.float64)[run.astype(np.int64)]
        self.spans.append(np.array([page * PERCENTILES + span[0], *span[1:]]))

    @property
    def ranks_right(self) -> bool:
        """Whether every percentile is INT(PERCENT_RANK() * 100) by avg_emv within its page, or all are rounded."""
        key, least, most, rows, at_most = _merged(np.concatenate([np.empty((5, 0)), *self.spans], axis=1))
        page, percentile = np.divmod(key, PERCENTILES)
        same = page[1:] == page[:-1]
        if np.any(same & (least[1:] <= most[:-1])):
            return False
        of_page, below = _rows_of_page(page, rows)
        before = np.array([below, below + rows - at_most])
        gaps = percentile - before * (100.0 / np.maximum(of_page - 1.0, 1.0))
        truncated = (gaps <= SLACK) & (gaps > np.where(before == of_page - 1.0, 0.0, -1.0) - SLACK)
        return bool(np.all(truncated) or np.all(np.abs(gaps) <= 0.5 + SLACK))


@dataclass(frozen=True)
class Part:
    """One batch: its counts, the names of its runs of pages, and their keys, as the kernel makes them.

    `spans` (6, any): run, percentile, least and most avg_emv, rows, and rows with the most, of a run's percentiles.
    """

    counts: Numbers
    names: list[Any]
    keys: Numbers
    spans: Numbers


def _rows_of_page(page: Numbers, rows: Numbers) -> tuple[Numbers, Numbers]:
    """Of each group of rows, in order of page and percentile: all rows of its page, and those of earlier groups."""
    if not page.size:
        return rows, rows
    starts = np.flatnonzero(np.diff(page, prepend=-1.0))
    groups = np.diff(starts, append=page.size)
    before = np.cumsum(rows) - rows
    return np.repeat(np.add.reduceat(rows, starts), groups), before - np.repeat(before[starts], groups)


def _merged(spans: Numbers) -> Numbers:
    """Spans (5: key, least, most, rows, rows with the most) with each key once, rising: a page may be in batches."""
    key = spans[0]
    if np.all(key[1:] > key[:-1]):
        return spans
    ordered = spans[:, np.argsort(key, kind="stable")]
    starts = np.flatnonzero(np.diff(ordered[0], prepend=-1.0))
    most = np.maximum.reduceat(ordered[2], starts)
    has_most = ordered[2] == np.repeat(most, np.diff(starts, append=ordered.shape[1]))
    return np.array(
        [
            ordered[0, starts],
            np.minimum.reduceat(ordered[1], starts),
            most,
            np.add.reduceat(ordered[3], starts),
            np.add.reduceat(ordered[4] * has_most, starts),
        ]
    )


def scan(target: Target, table: str, clock_us: int, unlabelled_share: float) -> dict[str, Result] | None:
    """The results by check, but for those that need a check file; None where the table cannot be read this way.

    `clock_us`: now; `unlabelled_share`: the threshold of contents_observations.
    """
    found = sources(target, table)
    if found is None:
        return None
    tally = Tally()
    try:
        for part in _all_parts(found, clock_us + HOUR_US):
            tally.add(part)
    except PagesNotContiguous:
        return None
    return {result.name: result for result in results(tally, unlabelled_share)}


def _all_parts(found: Sequence[Source], latest: int) -> Iterator[Part]:
    """In order, by as many threads as there are processors."""
    with ThreadPoolExecutor(_threads()) as pool:
        for parts in pool.map(partial(_parts, latest=latest), found):
            yield from parts


def results(tally: Tally, unlabelled_share: float) -> Iterator[Result]:
    """The outcomes, with the same details as the check files."""
    n = tally.counts
    rows, counted = n["rows"], n["counted"]
    yield _outcome("contents_nulls", n["missing"], rows, "rows have a NULL key, count or last_updated")
    yield _outcome("contents_ranges", n["outside"], rows, "rows are outside a range")
    yield _outcome("contents_bounds", n["bounds"], counted, "rows hold other bounds")
    yield _outcome("contents_exploration", n["exploration"], counted, "rows hold another score")
    yield _outcome("contents_times", n["late"], rows, "rows were used after their update, or before 2000")
    yield _outcome("contents_future", n["future"], rows, "rows are dated in the future")
    yield _outcome("contents_revenue", n["above"], rows, "rows have an EMV above their revenue")
    yield _observations(n, unlabelled_share)
    yield _multiples(n)
    if not n["unordered"]:
        yield Result(shipped()["contents_keys"], Status.PASS, f"0 surplus rows among {rows}, on 0 pages")
    if not n["unranked"] and tally.ranks_right:
        yield _outcome(
            "contents_percentiles", 0, rows, "rows hold another percentile than the rank of avg_emv in their page"
        )


def _outcome(check: str, wrong: int, rows: int, detail: str) -> Result:
    status = Status.FAIL if wrong else Status.PASS if rows else Status.SKIP
    return Result(shipped()[check], status, f"{wrong} of {rows} {detail}")


def _observations(n: dict[str, int], unlabelled_share: float) -> Result:
    bad = n["surplus"] or n["unprimed"]
    few = n["unlabelled"] > unlabelled_share * n["observations"]
    status = Status.FAIL if bad else Status.WARN if few else Status.PASS
    detail = (
        f"{n['surplus']} rows with more labels than observations, {n['fewer']} with fewer,"
        f" {n['unprimed']} without the prior, of {n['rows']}"
    )
    return Result(shipped()["contents_observations"], status, detail)


def _multiples(n: dict[str, int]) -> Result:
    some, both = n["with_successes"], n["both_kinds"]
    found = [one for one in RECOUNTS if some >= FEWEST and _recounted(n, one)]
    shared = both >= FEWEST and any(n[f"by_{factor}"] > share * both for factor, share in MULTIPLES.items())
    status = Status.SKIP if some < FEWEST else Status.FAIL if found or shared else Status.PASS
    most = max(n[f"s_{one}"] for one in RECOUNTS)
    detail = (
        f"of {some} rows with successes, {most} have multiples of the same number from"
        f" 14 to 28{''.join(f' ({one})' for one in found)}; of {both} rows with failures too, both are multiples of "
        + ", ".join(f"{factor} in {n[f'by_{factor}']}" for factor in MULTIPLES)
    )
    return Result(shipped()["contents_multiples"], status, detail)


def _recounted(n: dict[str, int], factor: int) -> bool:
    """Whether multiples of the factor are too many, or stand out from those of its neighbours."""
    some, here = n["with_successes"], n[f"s_{factor}"]
    near = n[f"s_{factor - 1}"] + n[f"s_{factor + 1}"]
    return here > RECOUNTED * some or (here >= FEWEST and here > STANDING_OUT * some and here > 2 * near)


def _parts(source: Source, latest: int) -> list[Part]:
    return [_part(batch, latest) for batch in source() if len(batch.columns[0])]


def _part(batch: Batch, latest: int) -> Part:
    rows, runs = len(batch.columns[0]), len(batch.labels)
    if runs > 1000 + rows // 16:
        raise PagesNotContiguous
    ints = tuple(_values(one, np.int64) for one in batch.columns[:7])
    reals = tuple(_values(one, np.float64) for one in batch.columns[7:])
    page = np.repeat(np.arange(runs, dtype=np.int32), batch.lengths)
    known = np.packbits(np.array([label is not None for label in batch.labels])[page], bitorder="little")
    masks = (*(_mask(one) for one in batch.columns), _read_only(known if None in batch.labels else known[:0]))
    offsets = np.array([*(one.offset for one in batch.columns), 0], dtype=np.int64)
    counts = np.zeros(len(COUNTED), dtype=np.int64)
    keys, spans = np.zeros((runs, 3), dtype=np.int64), _no_spans(runs)
    _kernel()(_read_only(page), ints, reals, masks, offsets, counts, keys, spans, _small_bounds(), latest)
    run, rank = np.nonzero(spans[2])
    return Part(counts, batch.labels, keys, np.array([run, rank, *spans[:, run, rank]]))


def _values(column: pa.Array, kind: Any) -> Numbers:
    return _read_only(np.frombuffer(column.buffers()[1], dtype=kind)[column.offset : column.offset + len(column)])


def _mask(column: pa.Array) -> Numbers:
    bits = column.buffers()[0] if column.null_count else None
    return _read_only(np.frombuffer(bits, dtype=np.uint8) if bits is not None else np.empty(0, dtype=np.uint8))


def _read_only(values: Numbers) -> Numbers:
    values.flags.writeable = False  # one kernel for all: Numba tells read-only arrays from others
    return values


def _no_spans(pages: int) -> Numbers:
    spans = np.zeros((4, pages, PERCENTILES))
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
