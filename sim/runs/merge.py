"""The tables that a run makes of its blocks, merged in one fixed order; docs/data-dictionary.md describes them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.files import replacing, write_bytes
from sim.runs.blocks import Arrays, BlockTables, npz_bytes, read_block, read_npz, read_pages
from sim.runs.folders.run_folder import OBSERVATIONS
from sim.runs.plan import Block
from sim.tables.observations import Observed, observation_tables
from sim.tables.pages import Clairvoyant, page_rows, pages_schema
from sim.units import MICROS
from sim.worlds.metrics.loop import COLUMNS
from sim.worlds.metrics.observation import Observations

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

NULLABLE = ("regret_usd", "first_locked_at", "locked_since", *COLUMNS)
REPLICATIONS = "replications.parquet"
CURVES = "curves.parquet"
PAGES = "pages.parquet"


@cache
def replications_schema() -> "pa.Schema":
    """One row per policy and replication; see docs/data-dictionary.md."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.schema(
        {
            "policy": pa.string(),
            "replication": pa.int64(),
            "pulls": pa.int64(),
            "reward": pa.float64(),
            "regret": pa.float64(),
            "revenue_usd": pa.float64(),
            "best_share": pa.float64(),
            "locked_out": pa.bool_(),
            "regret_usd": pa.float64(),
            "locked_out_pages": pa.float64(),
            "first_locked_at": pa.float64(),
            "ever_locked": pa.bool_(),
            "locked_since": pa.float64(),
            **{name: pa.type_for_alias(kind) for name, kind in COLUMNS.items()},
        }
    )


@cache
def curves_schema() -> "pa.Schema":
    """One row per policy, replication and point; `at` in pulls or days."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.schema(
        {
            "policy": pa.string(),
            "replication": pa.int64(),
            "at": pa.float64(),
            "regret": pa.float64(),
            "reward": pa.float64(),
            "revenue_usd": pa.float64(),
        }
    )


@dataclass(frozen=True)
class Sources:
    """What the tables are made of: of each policy a complete run's replications (`base`), then blocks."""

    policies: Sequence[str]
    blocks_folder: Path
    blocks: Sequence[Sequence[Block]]
    """Of each policy, in order of replication."""
    base: Path | None = None
    oracle: str | None = None
    """The policy that shortfall is measured from."""
    money: bool = False
    """Whether shortfall is in dollars."""


def merge(sources: Sources, run: Path, tiers: Sequence[str] = ()) -> None:
    """Write the tables, in the order of policies and replications, one block in memory at a time (a row group each).

    `tiers` names the tiers of the world's revenue.
    """
    with ExitStack() as stack:
        replications = stack.enter_context(_writer(run / REPLICATIONS, replications_schema()))
        curves = stack.enter_context(_writer(run / CURVES, curves_schema()))
        pages = stack.enter_context(_writer(run / PAGES, pages_schema(), ["page"]))
        observed, best = _base_observed(sources), _clairvoyant(sources)
        for policy, blocks in zip(sources.policies, sources.blocks, strict=True):
            _copy_base(sources, policy, {REPLICATIONS: replications, CURVES: curves, PAGES: pages})
            for block in blocks:
                tables = read_block(sources.blocks_folder, block)
                replications.write_table(replication_rows(block, tables.totals))
                curves.write_table(_curves(block, tables))
                pages.write_table(page_rows(block.name, block.replications, tables.pages, best))
                seen = Observed(len(block.replications), tables.at, tables.observations)
                observed[policy] = observed[policy] + seen if policy in observed else seen
    _write_observed(run / OBSERVATIONS, observed)
    for name, table in observation_tables(observed, tiers).items():
        with _writer(run / name, table.schema) as writer:
            writer.write_table(table)


def _clairvoyant(sources: Sources) -> Clairvoyant:
    """What the oracle earned in all replications of the blocks."""
    best = Clairvoyant(sources.money)
    for policy, blocks in zip(sources.policies, sources.blocks, strict=True):
        for block in blocks if policy == sources.oracle else ():
            best.learn(block.replications, read_pages(sources.blocks_folder, block))
    return best


def _copy_base(sources: Sources, policy: str, writers: "dict[str, pq.ParquetWriter]") -> None:
    """Copy the rows of one policy; each row group of our tables holds rows of one policy."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    if sources.base is None:
        return
    for name, writer in writers.items():
        with pq.ParquetFile(sources.base / name, memory_map=False) as file:
            for group in range(file.num_row_groups):
                if file.read_row_group(group, columns=["policy"]).column(0)[0].as_py() == policy:
                    writer.write_table(file.read_row_group(group))


def _write_observed(path: Path, observed: Mapping[str, Observed]) -> None:
    """Keep the exact sums behind the tables of observations: more replications can then be added to them."""
    arrays: Arrays = {}
    for policy, seen in observed.items():
        values = {"replications": np.array(seen.replications), "at": seen.at, **vars(seen.sums)}
        arrays |= {f"{policy}/{name}": value for name, value in values.items()}
    write_bytes(path, npz_bytes(arrays))


def _base_observed(sources: Sources) -> dict[str, Observed]:
    if sources.base is None:
        return {}
    arrays = read_npz(sources.base / OBSERVATIONS)
    return {policy: _observed(arrays, f"{policy}/") for policy in sources.policies}


def _observed(arrays: Arrays, prefix: str) -> Observed:
    own = {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
    replications, at = int(own.pop("replications")), own.pop("at")
    return Observed(replications, at, Observations(**own))


@contextmanager
def _writer(path: Path, schema: "pa.Schema", names: Sequence[str] = ()) -> "Iterator[pq.ParquetWriter]":
    import pyarrow.parquet as pq  # noqa: PLC0415

    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd", use_dictionary=["policy", *names]) as writer,
    ):
        yield writer


def replication_rows(block: Block, totals: Arrays) -> "pa.Table":
    """Rows of replications.parquet from the totals of a block."""
    import pyarrow as pa  # noqa: PLC0415

    count = len(block.replications)
    columns = [
        [block.name] * count,
        np.arange(block.start, block.stop),
        totals["pulls"],
        totals["reward"],
        totals["regret"],
        totals["revenue_micros"] / MICROS,
        np.divide(totals["best_pulls"], totals["ranked_pulls"], out=np.zeros(count), where=totals["ranked_pulls"] > 0),
        totals["locked_out"],
        totals["regret_usd"],
        totals["locked_out_pages"],
        totals["first_locked_at"],
        ~np.isnan(totals["first_locked_at"]),
        totals["locked_since"],
        *(totals.get(name, np.full(count, np.nan)) for name in COLUMNS),
    ]
    schema = replications_schema()
    # NaN is NULL in these columns only; from anywhere else it would be a defect worth seeing.
    arrays = [
        pa.array(values, from_pandas=field.name in NULLABLE).cast(field.type)
        for values, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def _curves(block: Block, tables: BlockTables) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415

    points, count = len(tables.at), len(block.replications)
    columns = [
        pa.array([block.name]).take(pa.array(np.zeros(points * count, dtype=np.int64))),
        np.repeat(np.arange(block.start, block.stop), points),
        np.tile(tables.at, count),
        tables.curves["regret"].T.ravel(),
        tables.curves["reward"].T.ravel(),
        tables.curves["revenue_micros"].T.ravel() / MICROS,
    ]
    return pa.Table.from_arrays([pa.array(values) for values in columns], schema=curves_schema())
