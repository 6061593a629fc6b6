"""Blocks on the disk: the unit of what is kept while a run goes on, and of resuming it.

Results of a block are a folder that appears, complete, by one rename:

    .blocks/POLICY/START-STOP/block.npz             totals and curves
    .blocks/POLICY/START-STOP/observations.npz      sums over the block's replications
    .blocks/POLICY/START-STOP/stats/replication=R.parquet, sends/replication=R.parquet
    .blocks/POLICY/START-STOP/digests.json          digests of these files, and which run they belong to

A block whose content does not match its digests is removed when a run is resumed, and simulated again.
"""

import json
import os
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from sim.errors import StorageError
from sim.files import TEMPORARY, digest, flush, reporting_full_disk, sha256
from sim.runs.folders.run_folder import LOGS, RunFolder
from sim.runs.plan import Block
from sim.tables.caption_stats import stats_arrow
from sim.tables.send_log import sends_slices
from sim.worlds.metrics.observation import Observations

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.worlds.engine import BlockResult

TOTALS = "block.npz"
OBSERVATIONS = "observations.npz"
DIGESTS = "digests.json"
CURVE, PAGE = "curve_", "page_"
Arrays = dict[str, NDArray[Any]]
Digests = dict[str, str]
"""SHA-256 of files by name."""


@dataclass(frozen=True)
class BlockTables:
    """The content of a block, without the logs."""

    totals: Arrays
    """(replications,) by name."""
    at: NDArray[np.float64]
    """(points,)."""
    pages: Arrays
    """The fields of `PageTotals`."""
    curves: Arrays
    """`regret`, `reward`, `revenue_micros`, each (points, replications)."""
    observations: Observations


def write_block(blocks: Path, block: Block, result: "BlockResult", run_key: str) -> None:
    """Write a block's folder, whole or not at all; `run_key` says which run it belongs to.

    When another process, of the same shard, has written the block meanwhile, that one stays: both hold the same.
    """
    with arriving(blocks, block) as part:
        files = _write_logs(part, result)
        files[TOTALS] = _write(part / TOTALS, npz_bytes(result_arrays(result)))
        files[OBSERVATIONS] = _write(part / OBSERVATIONS, npz_bytes(vars(result.observations)))
        _write(part / DIGESTS, json.dumps({"run": run_key, "files": files}).encode())


@contextmanager
def arriving(blocks: Path, block: Block) -> Iterator[Path]:
    """Give a temporary folder, which becomes the block's by one rename when the caller has filled it."""
    final = blocks / block.folder
    part = final.with_name(f"{final.name}-{platform.node()}-{os.getpid()}{TEMPORARY}")
    with reporting_full_disk(part):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        yield part
        flush(part)
        try:
            part.rename(final)
        except OSError:
            if not final.is_dir():
                raise
            shutil.rmtree(part)
        flush(final.parent)


def read_block(blocks: Path, block: Block) -> BlockTables:
    """What `write_block` wrote, without the logs."""
    arrays = read_npz(blocks / block.folder / TOTALS)
    curves, pages = _named(arrays, CURVE), _named(arrays, PAGE)
    totals = {name: values for name, values in arrays.items() if not name.startswith((CURVE, PAGE))}
    observations = Observations(**read_npz(blocks / block.folder / OBSERVATIONS))
    return BlockTables(totals, curves.pop("at"), pages, curves, observations)


def read_pages(blocks: Path, block: Block) -> Arrays:
    """The totals of a block's pages alone."""
    return _named(read_npz(blocks / block.folder / TOTALS), PAGE)


def _named(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}


def block_digests(blocks: Path, block: Block) -> Digests:
    """Digests of the files of a finished block, by name within its folder."""
    files: Digests = json.loads((blocks / block.folder / DIGESTS).read_bytes())["files"]
    return files


def stored_blocks(folder: RunFolder, policies: Sequence[str], run_key: str) -> list[list[Block]]:
    """Finished blocks of each policy, in order of replication; removes unfinished and damaged ones, and strangers."""
    kept = [_stored(folder, index, name, run_key) for index, name in enumerate(policies)]
    wanted = {folder.blocks / block.folder for blocks in kept for block in blocks}
    for path in folder.blocks.glob("*/*"):
        if path not in wanted:
            shutil.rmtree(path, ignore_errors=True)
    return kept


def discard_unfinished(blocks: Path) -> None:
    """Remove what interrupted workers left."""
    for part in blocks.glob(f"*/*{TEMPORARY}"):
        shutil.rmtree(part, ignore_errors=True)


def _stored(folder: RunFolder, policy: int, name: str, run_key: str) -> list[Block]:
    kept: list[Block] = []
    for path in sorted((folder.blocks / name).glob("*-*")):
        block = _block(path, policy, name)
        if block and (not kept or kept[-1].stop <= block.start) and is_intact(folder, block, run_key):
            kept.append(block)
    return kept


def _block(path: Path, policy: int, name: str) -> Block | None:
    start, _, stop = path.name.partition("-")
    if not (start.isascii() and start.isdigit() and stop.isascii() and stop.isdigit()):
        return None
    block = Block(policy, name, int(start), int(stop))
    return block if block.start < block.stop and block.folder == f"{name}/{path.name}" else None


def is_intact(folder: RunFolder, block: Block, run_key: str) -> bool:
    """Whether the block belongs to this run and all its files have their content."""
    try:
        found = json.loads((folder.blocks / block.folder / DIGESTS).read_bytes())
        files: Mapping[str, str] = found["files"]
        complete = found["run"] == run_key and {TOTALS, OBSERVATIONS} <= files.keys()
        return complete and all(_file_digest(folder, block, name) == files[name] for name in files)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _file_digest(folder: RunFolder, block: Block, name: str) -> str:
    path = folder.blocks / block.folder / name
    kind, _, file = name.partition("/")
    if kind in LOGS and not path.exists():  # an interrupted merge has moved it already
        path = folder.path / kind / f"policy={block.name}" / file
    return digest(path)


def result_arrays(result: "BlockResult") -> Arrays:
    """Totals by name, pages with the prefix `PAGE`, curves with the prefix `CURVE`, as a block holds them."""
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
        **{f"{PAGE}{name}": values for name, values in vars(result.pages).items()},
        **result.loop.columns,
        f"{CURVE}at": result.at,
        f"{CURVE}regret": result.regret,
        f"{CURVE}reward": result.reward,
        f"{CURVE}revenue_micros": result.revenue_micros,
    }


def npz_bytes(arrays: Arrays) -> bytes:
    """The arrays as a file of NumPy; the same arrays give the same bytes."""
    content = BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def read_npz(path: Path) -> Arrays:
    """The arrays of a file that `npz_bytes` made; raises StorageError where it cannot be read."""
    try:
        with ZipFile(path) as file:
            return {name.removesuffix(".npy"): _array(file.read(name)) for name in file.namelist()}
    except Exception as error:  # a damaged archive raises what its damage leads to
        raise StorageError(f"{path} cannot be read: {error}", "Continue with --resume.") from error


def _array(content: bytes) -> NDArray[Any]:
    """The array of an .npy file of format 1.0.

    `np.load` parses each header as Python code, which took most of the time of a merge; the blocks of a run have few
    different headers.
    """
    start = 10 + int.from_bytes(content[8:10], "little")
    shape, is_fortran, dtype = _header(content[:start])
    flat = np.frombuffer(content, dtype, offset=start)  # refuses objects
    return flat.reshape(shape, order="F" if is_fortran else "C").copy()


@lru_cache(maxsize=1_000)
def _header(head: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, order and type; raises ValueError where it is none, or of another format."""
    stream = BytesIO(head)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("not an array of format 1.0")
    return np.lib.format.read_array_header_1_0(stream)


def _write(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    flush(path)
    return sha256(content)


def _write_logs(part: Path, result: "BlockResult") -> Digests:
    """One table, or one slice of a long one, in memory at a time."""
    stats = zip(result.stats_of, ([stats_arrow(counts)] for counts in result.stats), strict=True)
    sends = zip(result.sends_of, map(sends_slices, result.sends), strict=True)
    return {
        f"{kind}/replication={number}.parquet": _write_log(part / kind, number, tables)
        for kind, logs in (("stats", stats), ("sends", sends))
        for number, tables in logs
    }


def _write_log(folder: Path, replication: int, tables: Iterable["pa.Table"]) -> str:
    """Write a log, one row group per table, without fsync, which can cost more; digests show what a power cut tore."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    folder.mkdir(exist_ok=True)
    path = folder / f"replication={replication}.parquet"
    slices = iter(tables)
    first = next(slices)
    with path.open("wb") as file, pq.ParquetWriter(file, first.schema, use_dictionary=["page_name"]) as writer:
        for table in chain([first], slices):
            writer.write_table(table)
    return digest(path)
