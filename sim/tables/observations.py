"""The tables made of observations: where sends went, exploration, estimation, revenue; see docs/data-dictionary.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.maths.wilson import wilson_interval
from sim.units import MICROS
from sim.worlds.metrics.allocation import RANK_BINS, UNIT
from sim.worlds.metrics.estimation import LABEL_BINS, SUMS, WHOLE
from sim.worlds.metrics.loop import WEEK_SUMS
from sim.worlds.metrics.observation import MEASURES, Observations

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.worlds.base import Floats

Z = 1.959963984540054  # of a two-sided 95 % interval
GONE_NAME = "gone"
Row = tuple[Any, ...]

ALLOCATION = "policy:string at:float64 bin:string rank_low:int64 rank_high:int64 sends:int64 share:float64"
EXPLORATION = (
    "policy:string at:float64 sends:int64 best_share:float64 cold_share:float64 entropy_nats:float64 "
    "entropy_share:float64 locked_out_share:float64 locked_out_low:float64 locked_out_high:float64 "
    "locked_out_pages:float64"
)
ESTIMATION = (
    "policy:string by:string bin:string low:int64 high:int64 captions:int64 labels:float64 true_rate:float64 "
    "sample_mean:float64 bias:float64 stored_rate:float64 rmse:float64 width:float64 coverage:float64 "
    "coverage_low:float64 coverage_high:float64"
)
WEEKS = (
    "policy:string week:int64 sends:float64 explored_share:float64 cold_share:float64 distinct_captions:float64 "
    "top_decile_share:float64 mean_price:float64 revenue_usd:float64"
)
REVENUE = "policy:string at:float64 tier:string revenue_usd:float64"


@dataclass(frozen=True)
class Observed:
    """What was observed of one policy in some replications, at curve points `at` (points,)."""

    replications: int
    at: "Floats"
    sums: Observations

    def __add__(self, other: "Observed") -> "Observed":
        """Both together; whole numbers, so that the order does not matter."""
        one, two = self.sums, other.sums
        sums = Observations(
            one.watched,
            one.by_bin + two.by_bin,
            one.measures + two.measures,
            one.tier_revenue + two.tier_revenue,
            one.estimation + two.estimation,
            one.weeks + two.weeks,
        )
        return Observed(self.replications + other.replications, self.at, sums)


def observation_tables(observed: Mapping[str, Observed], tiers: Sequence[str]) -> dict[str, "pa.Table"]:
    """Tables by file name; `observed` by policy, `tiers` names those of the revenue."""
    rows = {
        "allocation.parquet": _allocation,
        "exploration.parquet": _exploration,
        "estimation.parquet": _estimation,
        "revenue.parquet": lambda seen: _revenue(seen, tiers),
        "weeks.parquet": _weeks,
    }
    return {name: _table(fields, observed, rows[name]) for name, fields in observation_schemas().items()}


def observation_schemas() -> dict[str, "pa.Schema"]:
    """Schemas of these tables by file name."""
    columns = {
        "allocation": ALLOCATION,
        "exploration": EXPLORATION,
        "estimation": ESTIMATION,
        "revenue": REVENUE,
        "weeks": WEEKS,
    }
    return {f"{name}.parquet": schema(line) for name, line in columns.items()}


@cache
def schema(columns: str) -> "pa.Schema":
    """The schema that a line of `name:type` says."""
    import pyarrow as pa  # noqa: PLC0415

    pairs = (column.split(":") for column in columns.split())
    return pa.schema([(name, pa.type_for_alias(kind)) for name, kind in pairs])


def bin_name(low: int, high: int | None) -> str:
    """How a bin is called: `3`, `11–30`, `101+`."""
    if high is None:
        return f"{low}+"
    return str(low) if low == high else f"{low}–{high}"


def share_bounds(count: int, total: int) -> tuple[float | None, float | None]:
    """Wilson's 95 % interval of a share, clamped to [0, 1]; None of nothing."""
    if total == 0:
        return None, None
    low, high = wilson_interval(count, total - count, Z)
    return 0.0 if count == 0 else max(0.0, low), 1.0 if count == total else min(1.0, high)


def _table(fields: "pa.Schema", observed: Mapping[str, Observed], rows: Any) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415

    lines = [(policy, *row) for policy, seen in observed.items() for row in rows(seen)]
    values = list(zip(*lines, strict=True)) or [()] * len(fields)
    arrays = [pa.array(column, field.type) for column, field in zip(values, fields, strict=True)]
    return pa.Table.from_arrays(arrays, schema=fields)


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _allocation(seen: Observed) -> Iterator[Row]:
    """Bins that stay empty at every point are left out: a page of ten captions has no eleventh."""
    bins: list[tuple[str, int | None, int | None]] = [(bin_name(low, high), low, high) for low, high in RANK_BINS]
    bins.append((GONE_NAME, None, None))
    used = np.flatnonzero(seen.sums.by_bin.any(axis=0))
    for at, counts in zip(seen.sums.watched.tolist(), seen.sums.by_bin.tolist(), strict=True):
        total = sum(counts)
        for index in used:
            yield at, *bins[index], counts[index], counts[index] / total if total else 0.0


def _exploration(seen: Observed) -> Iterator[Row]:
    for at, values in zip(seen.sums.watched.tolist(), seen.sums.measures.tolist(), strict=True):
        sums = dict(zip(MEASURES, values, strict=True))
        yield (
            at,
            sums["sends"],
            _ratio(sums["best"], sums["ranked"]),
            _ratio(sums["cold"], sums["known"]),
            _ratio(sums["entropy"] / UNIT, sums["active"]),
            _ratio(sums["evenness"] / UNIT, sums["spread"]),
            _ratio(sums["locked_out"], sums["replications"]),
            *share_bounds(sums["locked_out"], sums["replications"]),
            _ratio(sums["locked_out_pages"] / UNIT, sums["replications"]),
        )


def _estimation(seen: Observed) -> Iterator[Row]:
    kinds = [*(("rank", each) for each in RANK_BINS), *(("labels", each) for each in LABEL_BINS)]
    for (by, (low, high)), line in zip(kinds, seen.sums.estimation.tolist(), strict=True):
        if line[0]:
            yield by, bin_name(low, high), low, high, *_estimates(line)


def _estimates(line: list[int]) -> Row:
    captions = line[0]
    whole = {name: total / captions for name, total in zip(SUMS[:WHOLE], line[:WHOLE], strict=True)}
    mean = {name: total / UNIT / captions for name, total in zip(SUMS[WHOLE:], line[WHOLE:], strict=True)}
    covered = line[SUMS.index("covered")]
    return (
        captions,
        whole["labels"],
        mean["true_rate"],
        mean["sample_mean"],
        mean["bias"],
        mean["stored_rate"],
        float(np.sqrt(mean["squared_error"])),
        mean["width"],
        whole["covered"],
        *share_bounds(covered, captions),
    )


def _weeks(seen: Observed) -> Iterator[Row]:
    """Per page; the last week may be a part of one."""
    for number, values in enumerate(seen.sums.weeks.tolist(), start=1):
        sums = dict(zip(WEEK_SUMS, values, strict=True))
        yield (
            number,
            _ratio(sums["sends"], sums["page_weeks"]),
            _ratio(sums["explored"], sums["sends"]),
            _ratio(sums["cold"], sums["sends"]),
            _ratio(sums["distinct"], sums["page_weeks"]),
            _ratio(sums["top"], sums["priced"]),
            _ratio(sums["price"], sums["priced"]),
            _ratio(sums["revenue"], sums["page_weeks"]),
        )


def _revenue(seen: Observed, tiers: Sequence[str]) -> Iterator[Row]:
    for at, totals in zip(seen.at.tolist(), seen.sums.tier_revenue.tolist(), strict=True):
        for tier, micros in zip(tiers, totals, strict=True):
            yield at, tier, micros / MICROS / seen.replications
