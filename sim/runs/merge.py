"""The tables that a run makes of its blocks, merged in one fixed order; docs/data-dictionary.md says what they hold."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.files import replacing
from sim.runs.blocks import Block, BlockTables, read_block
from sim.tables.observations import Observed, observation_tables
from sim.units import MICROS

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

NULLABLE = ("regret_usd", "first_locked_at", "locked_since")
REPLICATIONS = "replications.parquet"
CURVES = "curves.parquet"


@cache
def replications_schema() -> "pa.Schema":
    """One row a policy and replication; see docs/data-dictionary.md."""
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
        }
    )


@cache
def curves_schema() -> "pa.Schema":
    """One row a policy, replication and point; `at` in pulls or days."""
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


def merge(blocks_folder: Path, blocks: Sequence[Block], run: Path, tiers: Sequence[str] = ()) -> None:
    """Write the tables from the blocks, in the blocks' order, one block in memory at a time (a row group each).

    `tiers` names the tiers of the world's revenue.
    """
    observed: dict[str, Observed] = {}
    with ExitStack() as stack:
        replications = stack.enter_context(_writer(run / REPLICATIONS, replications_schema()))
        curves = stack.enter_context(_writer(run / CURVES, curves_schema()))
        for block in blocks:
            tables = read_block(blocks_folder, block)
            replications.write_table(_replications(block, tables))
            curves.write_table(_curves(block, tables))
            seen = Observed(len(block.replications), tables.at, tables.observations)
            observed[block.name] = observed[block.name] + seen if block.name in observed else seen
    for name, table in observation_tables(observed, tiers).items():
        with _writer(run / name, table.schema) as writer:
            writer.write_table(table)


@contextmanager
def _writer(path: Path, schema: "pa.Schema") -> "Iterator[pq.ParquetWriter]":
    import pyarrow.parquet as pq  # noqa: PLC0415

    with (
        replacing(path) as temporary,
        pq.ParquetWriter(temporary, schema, compression="zstd", use_dictionary=["policy"]) as writer,
    ):
        yield writer


def _replications(block: Block, tables: BlockTables) -> "pa.Table":
    import pyarrow as pa  # noqa: PLC0415

    totals, count = tables.totals, len(block.replications)
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
    ]
    schema = replications_schema()
    # NaN is NULL in these columns only; from anywhere else it would be a defect worth seeing.
    arrays = [
        pa.array(values, field.type, from_pandas=field.name in NULLABLE)
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
