"""How rows get into a target: parts into staging, each exactly once, checked, recorded, and published in one step.

    load = Load("caption_bandit_stats", "seed-7c1f…", cut="1000000", parts=100, write=write_missing)
    [loaded] = put(target, [load], replace=False)

An interrupted load continues: parts that arrived are not made again. A part's id carries what its rows add up to, so
the whole can be checked against what was made, not only against itself. A load that is there already is left alone.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sim.errors import InputError, RemoteError, SimError, StorageError
from sim.warehouse.base import CHECKSUM_MODULUS, STATS, Facts, Staging, Target, plain_id
from sim.warehouse.duckdb import connect, facts_of
from sim.warehouse.load import checksum as fingerprint
from sim.warehouse.schema import arrow_schema, described

LOADS = "caption_sim_loads"
MOST_PARTITIONS = 4_000  # that one load or copy job of BigQuery may touch

Progress = Callable[[int, int], None]
Made = tuple[int, Path, Facts | None]
Writer = Callable[[Collection[int], Path], Iterator[Made]]


@dataclass(frozen=True)
class Load:
    """Rows on their way into one table.

    `load_id` names exactly these rows, `cut` how they fall into parts: only parts of the same cut are continued.
    `write(done, folder)` makes every part whose index (0 … parts − 1) is not in `done`, yields (index, Parquet file in
    `folder`, what its rows add up to, if known) in order, and may work ahead. `source` says what they were made of.
    """

    table: str
    load_id: str
    cut: str
    parts: int
    write: Writer
    source: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """What a load came to; `already` when the table held exactly these rows before."""

    table: str
    load_id: str
    rows: int
    distinct_keys: int
    checksum: int
    parts: int
    already: bool = False


def _silent(done: int, total: int) -> None:
    pass


def put(target: Target, loads: Sequence[Load], *, replace: bool = False, progress: Progress = _silent) -> list[Loaded]:
    """Load, check, record and publish, table by table; nothing where a table already holds these very rows.

    Every table is looked at before the first is touched. Raises InputError when one holds other rows and `replace` is
    not set, StorageError or RemoteError when what arrived is not what was sent (that table is then left as it was).
    """
    with _alone(target):
        there = [_already(target, load) for load in loads]
        for load, loaded in zip(loads, there, strict=True):
            if loaded is None:
                _refuse_full_table(target, load.table, replace)
        return [done or _put(target, load, progress) for load, done in zip(loads, there, strict=True)]


def _put(target: Target, load: Load, progress: Progress) -> Loaded:
    staging = target.staging(load.table, plain_id(f"{load.load_id}-{load.cut}"))
    made = _append_missing(target, load, staging, progress)
    _check_arrival(target, load, staging, made)
    _record(target, load, made)
    staging.publish(replace=True)  # the table is empty, or may be replaced
    return _loaded(load, made)


def _loaded(load: Load, facts: Facts, *, already: bool = False) -> Loaded:
    return Loaded(load.table, load.load_id, facts.rows, facts.distinct_keys, facts.checksum, load.parts, already)


@contextmanager
def _alone(target: Target) -> Iterator[None]:
    """Keep a second program out of a folder; a DuckDB file locks itself, BigQuery's jobs run once by their ids."""
    if target.spec.kind != "parquet":
        yield
        return
    from filelock import FileLock, Timeout  # noqa: PLC0415

    _make_folder(target.spec.path)
    try:
        with FileLock(target.spec.path / ".lock", timeout=0):
            yield
    except Timeout:
        raise StorageError(f"another program is writing into {target.spec.place}", "wait for it to end") from None


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise StorageError(f"{path} is not a folder", "parquet: wants a folder") from None


def _already(target: Target, load: Load) -> Loaded | None:
    """What was recorded of this load, if the table still holds exactly that."""
    found = target.describe(load.table)
    if found is None or not found.rows:
        return None
    recorded = recorded_loads(target).get((load.table, load.load_id))
    if recorded is None or table_facts(target, load.table) != recorded:
        return None
    return _loaded(load, recorded, already=True)


def recorded_loads(target: Target) -> dict[tuple[str, str], Facts]:
    """(table, load id) -> facts, for every load that the target's manifest records."""
    if target.describe(LOADS) is None:
        return {}
    rows = target.query(target.statement("load/recorded_loads", table=LOADS)).to_pylist()
    return {
        (row["table_name"], row["load_id"]): Facts(row["row_count"], row["distinct_keys"], row["checksum"])
        for row in rows
    }


def table_facts(target: Target, table: str) -> Facts:
    """What a table's rows add up to: summed over its files in a folder, so that memory stays bounded."""
    if target.spec.kind == "parquet":
        return _sum([part_facts(table, file) for file in sorted((target.spec.path / table).glob("*.parquet"))])
    return facts_of(target, table, table)


def part_facts(table: str, file: Path) -> Facts:
    """What a Parquet file's rows add up to; of tables without a fingerprint the number of rows alone."""
    return fingerprint.file_facts(file) if table == STATS else Facts(pq.read_metadata(file).num_rows, 0, 0)


def _sum(parts: Collection[Facts]) -> Facts:
    """Facts of disjoint parts together; parts of `caption_bandit_stats` have pages of their own, so keys add up too."""
    checksum = sum(part.checksum for part in parts) % CHECKSUM_MODULUS
    return Facts(sum(part.rows for part in parts), sum(part.distinct_keys for part in parts), checksum)


def _refuse_full_table(target: Target, table: str, replace: bool) -> None:
    found = target.describe(table)
    if found is not None and found.rows and not replace:
        raise InputError(
            f"{target.spec}: {table} already holds {found.rows:,} other rows",
            "--replace puts the new rows in their place, in one step",
        )


def _append_missing(target: Target, load: Load, staging: Staging, progress: Progress) -> Facts:
    """Append every part that is not there yet; returns what all parts, old and new, add up to."""
    there = dict(_read_part_id(load.table, part_id) for part_id in staging.parts())
    _clear(staging.scratch)
    progress(len(there), load.parts)
    for index, file, known in load.write(set(there), staging.scratch):
        facts = known or part_facts(load.table, file)
        _check_part(target, load, file, facts)
        staging.append(_part_id(index, facts), file)
        there[index] = facts
        progress(len(there), load.parts)
    return _sum(there.values())


def _part_id(index: int, facts: Facts) -> str:
    return f"part-{index:06d}-{facts.rows}-{facts.checksum}"


def _read_part_id(table: str, part_id: str) -> tuple[int, Facts]:
    _, index, rows, checksum = part_id.split("-")
    return int(index), Facts(int(rows), int(rows) if table == STATS else 0, int(checksum))


def _clear(folder: Path) -> None:
    """Remove files that an interrupted load left half-made."""
    for file in folder.iterdir():
        file.unlink()


def _check_part(target: Target, load: Load, file: Path, facts: Facts) -> None:
    if load.table == STATS and facts.distinct_keys != facts.rows:
        raise StorageError(
            f"{facts.rows - facts.distinct_keys:,} of {facts.rows:,} rows repeat a key (caption_id, page_name)",
            "nothing was published; BigQuery would not notice, since the key is not enforced",
        )
    partition = described(load.table).partition
    if target.spec.kind == "bigquery" and partition and (days := _days(file, partition)) > MOST_PARTITIONS:
        raise InputError(f"{load.table}: {days:,} daily partitions", f"one job may touch {MOST_PARTITIONS:,}")


def _days(file: Path, partition: str) -> int:
    column = partition.removeprefix("DATE(").removesuffix(")")
    with connect() as scratch:
        query = f"SELECT COUNT(DISTINCT CAST({column} AS DATE)) FROM read_parquet(?)"  # noqa: S608  (from our DDL)
        [(days,)] = scratch.execute(query, [str(file)]).fetchall()
    return int(days)


def _check_arrival(target: Target, load: Load, staging: Staging, made: Facts) -> None:
    """Compare what lies in staging with what was made. A folder's files are the made ones: their rows say enough."""
    arrived = Facts(sum(staging.parts().values()), made.distinct_keys, made.checksum)
    if target.spec.kind != "parquet":
        arrived = staging.facts()
    if arrived == made and len(staging.parts()) == load.parts:
        return
    staging.discard()
    kind: type[SimError] = RemoteError if target.spec.kind == "bigquery" else StorageError
    raise kind(
        f"{target.spec}: {load.table} did not arrive as it was made: {_differences(made, arrived)}",
        "nothing was published and the staging is discarded: load again",
    )


def _differences(made: Facts, arrived: Facts) -> str:
    pairs = [(name, value, asdict(arrived)[name]) for name, value in asdict(made).items()]
    return "; ".join(f"{name} {there:,} instead of {here:,}" for name, here, there in pairs if here != there) or "parts"


def _record(target: Target, load: Load, facts: Facts) -> None:
    """Append a row to the target's manifest, unless it has this very row."""
    if recorded_loads(target).get((load.table, load.load_id)) == facts:
        return
    now = datetime.now(UTC)
    row = {
        "load_id": load.load_id,
        "table_name": load.table,
        "row_count": facts.rows,
        "distinct_keys": facts.distinct_keys,
        "checksum": facts.checksum,
        "source": json.dumps(load.source, sort_keys=True),
        "published": now,
    }
    # A name of its own each time: BigQuery appends once under a name, for ever, even to a table made anew.
    name = f"{load.load_id}-{round(now.timestamp() * 1000)}"
    staging = target.staging(LOADS, name)
    staging.append(f"manifest-{name}", pa.Table.from_pylist([row], schema=arrow_schema(LOADS)))
    staging.publish(replace=False)
