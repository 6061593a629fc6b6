"""How rows get into a target.

    look at every table ─▶ parts into staging, each exactly once ─▶ compare totals ─▶ record ─▶ publish ─▶ compare again

    plan = Load("caption_bandit_stats", "seed-7c1f…", partitioning="1000000", parts=100, write=write_missing)
    [loaded] = load(target, [plan], replace=False)

An interrupted load continues: parts that arrived are not made again. A part's id carries its totals, so the whole can
be compared with what was made, not only with itself. Rows that the table holds already are not loaded again.
"""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from dataclasses import replace as replace_fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from sim.errors import InputError, SimError, StorageError
from sim.warehouse.base import LOADS, NO_ROWS, STATS, RowTotals, Staging, Target, plain_id
from sim.warehouse.embedded import connect, file_totals, literal_path
from sim.warehouse.load.checksum import stats_totals
from sim.warehouse.schema import arrow_schema, described

OBSTACLE_HINT = "move it away, or load into another target; nothing was changed (`deploy --plan` shows what differs)"
PUBLISH_SECONDS = 600.0  # as long as another process may take to publish

Progress = Callable[[int, int], None]
Made = tuple[int, Path, RowTotals | None]
Writer = Callable[[Collection[int], Path], Iterator[Made]]


@dataclass(frozen=True)
class Load:
    """Rows that go into one table.

    `load_id` names exactly these rows, `partitioning` how they are divided into parts: only parts of the same division
    are continued. `write(done, folder)` makes every part whose index (0 … parts − 1) is not in `done`, yields (index,
    Parquet file in `folder`, its totals, if known) in order, and may work ahead. `source` describes their origin.
    """

    table: str
    load_id: str
    partitioning: str
    parts: int
    write: Writer
    source: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """Result of a load; `was_loaded` when the table held exactly these rows before."""

    table: str
    load_id: str
    rows: int
    distinct_keys: int
    checksum: int
    parts: int
    was_loaded: bool = False

    def data(self) -> dict[str, Any]:
        """What `--json` prints of it."""
        plain = asdict(self)
        plain["already"] = plain.pop("was_loaded")
        return plain


def _no_progress(done: int, total: int) -> None:
    pass


def load(
    target: Target, loads: Sequence[Load], *, replace: bool = False, progress: Progress = _no_progress
) -> list[Loaded]:
    """Load, compare, record and publish, table by table; nothing where a table already holds these very rows.

    Every table is looked at before the first is touched. Raises InputError when one holds other rows and `replace` is
    not set, or must not be replaced at all; the target's `load_error` when what arrived is not what was sent (the
    table is then left as it was) or when another program changed the table meanwhile.
    """
    with target.exclusive():
        for table in (*(one.table for one in loads), LOADS):
            _refuse_obstacle(target, table)
        there = [_loaded_before(target, one, replace) for one in loads]
        return [before or _load(target, one, replace, progress) for one, before in zip(loads, there, strict=True)]


def load_share(
    target: Target, one: Load, own: Collection[int], *, replace: bool = False, progress: Progress = _no_progress
) -> Loaded | int:
    """Append the parts whose indices are in `own`, beside other processes that append theirs; the last one publishes.

    Returns how many parts are still missing, where some are. A share may be repeated. Errors are those of `load`.
    """
    for table in (one.table, LOADS):
        _refuse_obstacle(target, table)
    if before := _loaded_before(target, one, replace):
        return before
    try:
        missing = _append_share(target, one, own, progress)
    except OSError:
        missing = one.parts  # the staging may be gone, because another process has published it
        if not _loaded_before(target, one, replace):
            raise
    with target.exclusive(PUBLISH_SECONDS):
        if before := _loaded_before(target, one, replace):
            return before
        return missing or _load(target, one, replace, _no_progress)


def _append_share(target: Target, one: Load, own: Collection[int], progress: Progress) -> int:
    """Append own parts that are not there yet; returns how many parts of all shares are missing then."""
    staging = target.staging(one.table, _staging_id(one))
    others = set(range(one.parts)) - set(own)
    mine = replace_fields(one, write=lambda done, folder: one.write({*done, *others}, folder))
    _append_missing(target, mine, staging, progress)
    return one.parts - len(staging.parts())


def _load(target: Target, one: Load, replace: bool, progress: Progress) -> Loaded:
    staging = target.staging(one.table, _staging_id(one))
    made = _append_missing(target, one, staging, progress)
    try:
        _check_arrival(target, one, staging, made)
        _record(target, one, made)
        staging.publish(replace=replace)
    except SimError:
        # The same command, run twice at once: the other one has published these rows and removed the staging.
        if not target.shared or target.totals(one.table) != made:
            raise
    if target.shared:
        _check_published(target, one, made)
    return _loaded(one, made)


def _staging_id(one: Load) -> str:
    return plain_id(f"{one.load_id}-{one.partitioning}")


def _loaded(one: Load, totals: RowTotals, *, was_loaded: bool = False) -> Loaded:
    return Loaded(one.table, one.load_id, totals.rows, totals.distinct_keys, totals.checksum, one.parts, was_loaded)


def _refuse_obstacle(target: Target, table: str) -> None:
    if (obstacle := target.obstacle(table)) is not None:
        raise InputError(f"{target.spec}: {obstacle}", OBSTACLE_HINT)


def _loaded_before(target: Target, one: Load, replace: bool) -> Loaded | None:
    """What was recorded of this load, if the table still holds exactly that; InputError if it may not be replaced."""
    found = target.totals(one.table)
    if found.rows and recorded_loads(target).get((one.table, one.load_id)) == found:
        target.tidy(one.table, _staging_id(one))
        return _loaded(one, found, was_loaded=True)
    if found.rows and not replace:
        raise InputError(
            f"{target.spec}: {one.table} already holds {found.rows:,} other rows",
            "--replace replaces them with the new rows, in one step",
        )
    return None


def recorded_loads(target: Target) -> dict[tuple[str, str], RowTotals]:
    """(table, load id) -> totals, for every load that the target's manifest records."""
    if target.describe(LOADS) is None:
        return {}
    rows = target.query(target.statement("load/recorded_loads", table=LOADS)).to_pylist()
    return {
        (row["table_name"], row["load_id"]): RowTotals(row["row_count"], row["distinct_keys"], row["checksum"])
        for row in rows
    }


def part_totals(table: str, file: Path) -> RowTotals:
    """Totals of a Parquet file that has the columns of `table`."""
    return stats_totals(file) if table == STATS else file_totals(table, [file])


def _append_missing(target: Target, one: Load, staging: Staging, progress: Progress) -> RowTotals:
    """Append every part that is not there yet; returns the totals of all parts, old and new."""
    there = dict(_read_part_id(one.table, part_id) for part_id in staging.parts())
    progress(len(there), one.parts)
    for index, file, known in one.write(set(there), staging.scratch):
        totals = known or part_totals(one.table, file)
        _check_part(target, one, file, totals)
        staging.append(_part_id(index, totals), file)
        there[index] = totals
        progress(len(there), one.parts)
    return sum(there.values(), NO_ROWS)  # parts of STATS hold whole pages, so keys add up too


def _part_id(index: int, totals: RowTotals) -> str:
    return f"part-{index:06d}-{totals.rows}-{totals.checksum}"


def _read_part_id(table: str, part_id: str) -> tuple[int, RowTotals]:
    _, index, rows, checksum = part_id.split("-", 3)
    return int(index), RowTotals(int(rows), int(rows) if table == STATS else 0, int(checksum))


def _check_part(target: Target, one: Load, file: Path, totals: RowTotals) -> None:
    if one.table == STATS and totals.distinct_keys != totals.rows:
        raise StorageError(
            f"{totals.rows - totals.distinct_keys:,} of {totals.rows:,} rows repeat a key (caption_id, page_name)",
            "nothing was published; BigQuery would not notice, since the key is not enforced",
        )
    partition, limit = described(one.table).partition, target.max_partitions
    if limit and partition and (days := _days(file, partition)) > limit:
        raise InputError(f"{one.table}: {days:,} daily partitions", f"one job may touch {limit:,}")


def _days(file: Path, partition: str) -> int:
    column = partition.removeprefix("DATE(").removesuffix(")")
    with connect() as scratch:
        query = f"SELECT COUNT(DISTINCT CAST({column} AS DATE)) FROM read_parquet(?)"  # noqa: S608  (from our DDL)
        [(days,)] = scratch.execute(query, [literal_path(file)]).fetchall()
    return int(days)


def _check_arrival(target: Target, one: Load, staging: Staging, made: RowTotals) -> None:
    """Compare what lies in staging with what was made."""
    arrived = staging.totals()
    if arrived == made and len(staging.parts()) == one.parts:
        return
    staging.discard()
    raise target.load_error(
        f"{target.spec}: {one.table} did not arrive as it was made: {_differences(made, arrived)}",
        "nothing was published and the staging is discarded: load again",
    )


def _check_published(target: Target, one: Load, made: RowTotals) -> None:
    """Compare what the table holds after publishing: another program may have written to it at the same moment."""
    found = target.totals(one.table)
    if found != made:
        raise target.load_error(
            f"{target.spec}: {one.table} does not hold what was loaded: {_differences(made, found)}",
            "another program wrote to it at the same time: look at the table, then load again with --replace",
        )


def _differences(made: RowTotals, arrived: RowTotals) -> str:
    pairs = [(name, value, asdict(arrived)[name]) for name, value in asdict(made).items()]
    return "; ".join(f"{name} {there:,} instead of {here:,}" for name, here, there in pairs if here != there) or "parts"


def _record(target: Target, one: Load, totals: RowTotals) -> None:
    """Append a row to the target's manifest, unless it has this very row."""
    if recorded_loads(target).get((one.table, one.load_id)) == totals:
        return
    now = datetime.now(UTC)
    # A name of its own each time: BigQuery appends once under a name, for ever, even to a table made anew.
    name = f"{one.load_id}-{round(now.timestamp() * 1000)}"
    staging = target.staging(LOADS, name)
    staging.append(f"manifest-{name}", _manifest_row(one, totals, now))
    staging.publish_beside()


def _manifest_row(one: Load, totals: RowTotals, published: datetime) -> pa.Table:
    row = {
        "load_id": one.load_id,
        "table_name": one.table,
        "row_count": totals.rows,
        "distinct_keys": totals.distinct_keys,
        "checksum": totals.checksum,
        "source": json.dumps(one.source, sort_keys=True),
        "published": published,
    }
    return pa.Table.from_pylist([row], schema=arrow_schema(LOADS))
