"""A log of decisions: where, which action, its reward, the probability with which it was chosen.

Read from Parquet, CSV, a DuckDB file with the table `mass_messages`, or a run folder with recorded sends. Column names
are found where the file is our send log or an Open Bandit Dataset file; `columns` names them for any other table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.errors import InputError, StorageError
from sim.evaluation.estimators import Floats
from sim.wording import did_you_mean

Codes = NDArray[np.int32]

ROLES = ("stratum", "action", "reward", "propensity", "time", "target")
NEEDED = ("action", "reward", "propensity")
KNOWN: dict[str, dict[str, str]] = {
    "send log": {
        "stratum": "page_name",
        "action": "caption_id",
        "reward": "earnings",
        "propensity": "propensity",
        "time": "sending_time",
    },
    "Open Bandit Dataset": {
        "stratum": "position",
        "action": "item_id",
        "reward": "click",
        "propensity": "propensity_score",
        "time": "timestamp",
    },
}
"""Layouts that are recognised by their columns."""
_ROW = "row of the file"


@dataclass(frozen=True, eq=False)
class Log:
    """Decisions in order of time; arrays of shape (rows,). Codes index the lists of names."""

    stratum: Codes
    action: Codes
    reward: Floats
    propensity: Floats
    strata: list[str]
    actions: list[str]
    target: Floats | None = None
    """Probability of the action under the target policy, where the log has it."""
    reward_name: str = "reward"
    notes: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> int:
        """How many decisions there are."""
        return len(self.reward)

    def part(self, rows: slice) -> "Log":
        """Some rows, with all names."""
        target = None if self.target is None else self.target[rows]
        arrays = (self.stratum[rows], self.action[rows], self.reward[rows], self.propensity[rows])
        return Log(*arrays, self.strata, self.actions, target, self.reward_name, self.notes)


def read_log(
    source: str, columns: Mapping[str, str] | None = None, *, policy: str | None = None, reward: str | None = None
) -> Log:
    """Read a log. `columns`: role (see `ROLES`) → name; `policy`: whose sends of a run folder; `reward`: its column.

    Rows without an action are left out, with a note. Raises StorageError where `source` cannot be read, InputError
    with the row where its content cannot be used.
    """
    frame = _frame(source, policy)
    roles = _roles(source, frame.collect_schema().names(), dict(columns or {}), reward)
    chosen = frame.select([pl.col(name).alias(role) for role, name in roles.items()])
    try:
        table = chosen.collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise StorageError(f"{source}: cannot be read: {error}", "Is it a Parquet or CSV file?") from error
    if table.height == 0:
        raise InputError(f"{source}: the log has no rows")
    return _log(source, table.with_row_index(_ROW, offset=1), roles)


def _frame(source: str, policy: str | None) -> pl.LazyFrame:
    if source.startswith("duckdb:"):
        return _duckdb(source)
    path = Path(source)
    if (path / "scenario.yaml").is_file():
        return _run_folder(path, policy)
    if policy is not None:
        raise InputError(f"{source}: --logged-by is for run folders only")
    if not path.exists():
        raise StorageError(f"{source}: no such file", "LOG is a Parquet or CSV file, a run folder or duckdb:FILE.")
    files = sorted(path.glob("**/*.parquet")) if path.is_dir() else [path]
    if not files:
        raise StorageError(f"{source}: the folder holds no Parquet file")
    if files[0].suffix.lower() in {".csv", ".txt", ".tsv"}:
        separator = "\t" if files[0].suffix.lower() == ".tsv" else ","
        return pl.scan_csv(files[0], separator=separator, glob=False, infer_schema_length=10_000)
    return pl.scan_parquet(files, glob=False, hive_partitioning=False)


def _duckdb(source: str) -> pl.LazyFrame:
    from sim.warehouse.targets import open_target, parse_target  # noqa: PLC0415 - DuckDB is slow to import

    with open_target(parse_target(source), read_only=True) as target:
        if target.describe("mass_messages") is None:
            raise InputError(f"{source}: has no table mass_messages")
        statement = f"SELECT * FROM `{target.project}.{target.dataset}.mass_messages`"  # noqa: S608 - fixed names
        frame = pl.from_arrow(target.query(statement))
    assert isinstance(frame, pl.DataFrame)
    return frame.lazy()


def _run_folder(path: Path, policy: str | None) -> pl.LazyFrame:
    """The recorded sends of one policy; each page of each replication is a stratum, since their captions differ."""
    kept = sorted(folder.name.removeprefix("policy=") for folder in (path / "sends").glob("policy=*"))
    if not kept:
        raise InputError(f"{path}: the run recorded no sends", "Run the scenario with `--set record.sends=true`.")
    name = policy or kept[0]
    if name not in kept:
        raise InputError(f"{path}: holds no sends of policy {name!r}{did_you_mean(name, kept)}")
    parts = []
    for file in sorted((path / "sends" / f"policy={name}").glob("replication=*.parquet")):
        number = file.stem.removeprefix("replication=")
        page = pl.format("{}/{}", pl.lit(number), pl.col("page_name")).alias("page_name")
        parts.append(pl.scan_parquet(file, glob=False, hive_partitioning=False).with_columns(page))
    return pl.concat(parts)


def _roles(source: str, present: list[str], given: dict[str, str], reward: str | None) -> dict[str, str]:
    """Role → column: those given, then those of a known layout."""
    if wrong := sorted(set(given) - set(ROLES)):
        raise InputError(f"--columns: unknown role {wrong[0]!r}{did_you_mean(wrong[0], ROLES)}")
    roles: dict[str, str] = {}
    for layout in KNOWN.values():
        if {layout["action"], layout["propensity"]} <= set(present):
            roles = {role: name for role, name in layout.items() if name in present}
            break
    roles |= given | ({"reward": reward} if reward else {})
    for role in NEEDED:
        if role not in roles:
            raise InputError(
                f"{source}: which column is the {role}? The log has {', '.join(present[:12])}",
                f"Name it: --columns {role}=COLUMN.",
            )
    for role, name in roles.items():
        if name not in present:
            raise InputError(f"{source}: has no column {name!r} ({role}){did_you_mean(name, present)}")
    return roles


def _log(source: str, table: pl.DataFrame, roles: Mapping[str, str]) -> Log:
    notes = []
    sent = table.filter(pl.col("action").is_not_null())
    if missing := table.height - sent.height:
        notes.append(f"{missing:,} of {table.height:,} rows name no action and are left out")
    if sent.height == 0:
        raise InputError(f"{source}: no row has an action (`{roles['action']}` is always NULL)")
    if "time" in roles and not sent["time"].is_sorted():
        sent = sent.sort("time", maintain_order=True)
    columns = _Columns(source, sent, roles)
    reward, propensity = columns.numbers("reward"), columns.numbers("propensity")
    columns.refuse("propensity", (propensity <= 0.0) | (propensity > 1.0), "not above 0 and at most 1")
    target = columns.numbers("target") if "target" in roles else None
    if target is not None:
        columns.refuse("target", (target < 0.0) | (target > 1.0), "not between 0 and 1")
    if "stratum" in roles:
        stratum, strata = _codes(sent["stratum"])
    else:
        stratum, strata = np.zeros(sent.height, np.int32), ["all"]
    action, actions = _codes(sent["action"])
    return Log(stratum, action, reward, propensity, strata, actions, target, roles["reward"], tuple(notes))


def _codes(values: pl.Series) -> tuple[Codes, list[str]]:
    """Codes from 0 in the order of the values, and the values as text."""
    distinct = values.unique().sort(nulls_last=True)
    codes = values.rank("dense").fill_null(len(distinct)) - 1
    return codes.cast(pl.Int32).to_numpy(), [str(value) for value in distinct.to_list()]


@dataclass(frozen=True, eq=False)
class _Columns:
    """The columns of a log by role; a problem is named by the row of the file."""

    source: str
    table: pl.DataFrame
    roles: Mapping[str, str]

    def numbers(self, role: str) -> Floats:
        """A column of finite numbers."""
        column = self.table[role]
        if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
            raise InputError(f"{self.source}: column {self.roles[role]!r} ({role}) holds {column.dtype}, not numbers")
        values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        self.refuse(role, ~np.isfinite(values), "not a number")
        return values

    def refuse(self, role: str, bad: NDArray[np.bool_], what: str) -> None:
        """Raise for the first row where `bad` is true."""
        if not bad.any():
            return
        index, count = int(np.argmax(bad)), int(bad.sum())
        row, value = self.table[_ROW][index], self.table[role][index]
        more = f" (and {count - 1:,} more rows)" if count > 1 else ""
        hint = "Record the probability when the decision is made." if role == "propensity" else ""
        raise InputError(f"{self.source}: row {row}: {self.roles[role]} is {value!r}, {what}{more}", hint)
