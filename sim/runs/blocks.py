"""Blocks: the unit of work, of what is on disk while a run goes on, and of resuming it.

A block is one policy and some consecutive replications. Its results are a folder that appears, complete, by one rename:

    blocks/POLICY/START-STOP/block.npz             totals and curves
    blocks/POLICY/START-STOP/observations.npz      sums over the block's replications
    blocks/POLICY/START-STOP/stats/replication=R.parquet, sends/replication=R.parquet
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sim.files import TEMPORARY, flush, is_whole_parquet
from sim.runs.workload import memory_bytes, workload
from sim.tables.caption_stats import stats_arrow
from sim.tables.send_log import sends_arrow
from sim.worlds.metrics.observation import Observations

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.scenario import Scenario
    from sim.worlds.engine import BlockResult

TOTALS = "block.npz"
OBSERVATIONS = "observations.npz"
CURVE = "curve_"

TARGET_SECONDS = 0.25  # of estimated work: short enough to lose, long enough to hide what starting a block costs
TARGET_BYTES = 16e6  # of estimated memory: little beside what the program itself takes


@dataclass(frozen=True)
class Block:
    """Replications `start … stop − 1` of the policy at `policy` in the scenario's list."""

    policy: int
    name: str
    start: int
    stop: int

    @property
    def replications(self) -> range:
        """As a range."""
        return range(self.start, self.stop)

    @property
    def folder(self) -> str:
        """Its folder below `blocks`."""
        return f"{self.name}/{self.start:07d}-{self.stop:07d}"

    def __str__(self) -> str:
        return f"{self.name}, replications {self.start} to {self.stop - 1}"


@dataclass(frozen=True)
class BlockTables:
    """What a block says, without the logs."""

    totals: dict[str, NDArray[Any]]
    """(replications,) by name."""
    at: NDArray[np.float64]
    """(points,)."""
    curves: dict[str, NDArray[Any]]
    """`regret`, `reward`, `revenue_micros`, each (points, replications)."""
    observations: Observations


def plan(scenario: "Scenario") -> list[Block]:
    """All blocks in the order of the tables; their size is a function of the scenario only."""
    total, one = scenario.replications, workload(scenario)
    size = max(1, min(total, int(min(TARGET_SECONDS / one.seconds, TARGET_BYTES / memory_bytes(scenario)))))
    return [
        Block(index, spec.name, start, min(start + size, total))
        for index, spec in enumerate(scenario.policies)
        for start in range(0, total, size)
    ]


def write_block(blocks: Path, block: Block, result: "BlockResult") -> None:
    """Write a block's folder, whole or not at all."""
    final = blocks / block.folder
    part = final.with_name(final.name + TEMPORARY)
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _write_logs(part, result)
    _write_arrays(part / TOTALS, _arrays(result))
    _write_arrays(part / OBSERVATIONS, vars(result.observations))
    flush(part)
    shutil.rmtree(final, ignore_errors=True)  # a torn one; see `is_done`
    part.rename(final)
    flush(final.parent)


def read_block(blocks: Path, block: Block) -> BlockTables:
    """What `write_block` wrote, without the logs."""
    arrays = _read_arrays(blocks / block.folder / TOTALS)
    curves = {name.removeprefix(CURVE): values for name, values in arrays.items() if name.startswith(CURVE)}
    totals = {name: values for name, values in arrays.items() if not name.startswith(CURVE)}
    observations = Observations(**_read_arrays(blocks / block.folder / OBSERVATIONS))
    return BlockTables(totals, curves.pop("at"), curves, observations)


def is_done(blocks: Path, block: Block) -> bool:
    """Whether the block is there, its logs with both ends: after a power cut a file may have a name and no bytes."""
    folder = blocks / block.folder
    whole = all((folder / name).is_file() for name in (TOTALS, OBSERVATIONS))
    return whole and all(is_whole_parquet(path) for path in folder.glob("*/*.parquet"))


def discard_unfinished(blocks: Path) -> None:
    """Remove what interrupted workers left."""
    for part in blocks.glob(f"*/*{TEMPORARY}"):
        shutil.rmtree(part, ignore_errors=True)


def _arrays(result: "BlockResult") -> dict[str, NDArray[Any]]:
    totals = result.totals
    return {
        "pulls": totals.pulls,
        "reward": totals.reward,
        "regret": totals.regret,
        "revenue_micros": totals.revenue_micros,
        "regret_usd": totals.regret_usd,
        "best_pulls": totals.best_pulls,
        "ranked_pulls": totals.ranked_pulls,
        "locked_out": result.lock_outs.now,
        "locked_out_pages": result.lock_outs.pages,
        "first_locked_at": result.lock_outs.first,
        "locked_since": result.lock_outs.since,
        f"{CURVE}at": result.at,
        f"{CURVE}regret": result.regret,
        f"{CURVE}reward": result.reward,
        f"{CURVE}revenue_micros": result.revenue_micros,
    }


def _write_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    np.savez(path, allow_pickle=False, **arrays)
    flush(path)


def _read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _write_log(folder: Path, replication: int, table: "pa.Table") -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415

    folder.mkdir(exist_ok=True)
    pq.write_table(table, folder / f"replication={replication}.parquet", use_dictionary=["page_name"])


def _write_logs(part: Path, result: "BlockResult") -> None:
    # A file's own fsync can cost more than writing it; `is_done` looks at the ends of the files instead.
    for number, counts in zip(result.stats_of, result.stats, strict=True):
        _write_log(part / "stats", number, stats_arrow(counts))
    for number, sends in zip(result.sends_of, result.sends, strict=True):
        _write_log(part / "sends", number, sends_arrow(sends))
