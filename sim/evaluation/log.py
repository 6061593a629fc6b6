"""A log of decisions: where, which action, its reward, the probability with which it was chosen.

Read from Parquet, CSV, a DuckDB file with the table `mass_messages`, or a run folder with recorded sends. Column names
are found where the file is our send log or an Open Bandit Dataset file; `columns` names them for any other table.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.errors import InputError, StorageError
from sim.evaluation.estimators import Floats
from sim.wording import did_you_mean

Codes = NDArray[np.int32]

ROLES = ("stratum", "action", "reward", "propensity", "time", "target", "batch")
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
_ARRAYS = ("stratum", "action", "reward", "propensity", "target", "batch")


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
    batch: Codes | None = None
    """From 0, one more at each change of the column `batch`: a period in which the logging policy stays the same."""
    reward_name: str = "reward"
    notes: tuple[str, ...] = field(default=())

    @property
    def rows(self) -> int:
        """How many decisions there are."""
        return len(self.reward)

    def part(self, rows: slice) -> "Log":
        """Some rows, with all names."""
        chosen = {name: value[rows] for name in _ARRAYS if (value := getattr(self, name)) is not None}
        return replace(self, **chosen)


def read_log(
    source: str, columns: Mapping[str, str] | None = None, *, policy: str | None = None, reward: str | None = None
) -> Log:
    """Read a log. `columns`: role (see `ROLES`) → name; `policy`: whose sends of a run folder; `reward`: its column.

    Rows without an action are left out, with a note. Raises StorageError where `source` cannot be read, InputError
    with the row where its content cannot be used.
    """
    frame = _frame(source, policy)
    try:
        roles = _roles(source, frame.collect_schema().names(), dict(columns or {}), reward)
        return _log(source, frame.select([pl.col(name).alias(role) for role, name in roles.items()]), roles)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise StorageError(f"{source}: cannot be read: {error}", "Is it a Parquet or CSV file?") from error


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
        if layout["action"] in present and {layout["propensity"], layout["stratum"]} & set(present):
            roles = {role: name for role, name in layout.items() if name in present}
            break
    roles |= given | ({"reward": reward} if reward else {})
    for role in NEEDED:
        if role not in roles:
            raise InputError(
                f"{source}: which column is the {role}? The log has {', '.join(present[:12])}",
                "Without the probability of each decision nothing can be said; a run records it with record.sends=true."
                if role == "propensity"
                else f"Name it: --columns {role}=COLUMN.",
            )
    for role, name in roles.items():
        if name not in present:
            raise InputError(f"{source}: has no column {name!r} ({role}){did_you_mean(name, present)}")
    return roles


def _log(source: str, frame: pl.LazyFrame, roles: Mapping[str, str]) -> Log:
    """Collect numbers and codes only: text and times of a long log would not fit into memory."""
    rows = int(_collect(frame.select(pl.len())).item())
    if rows == 0:
        raise InputError(f"{source}: the log has no rows")
    sent = frame.with_row_index(_ROW, offset=1).filter(pl.col("action").is_not_null())
    if "time" in roles and not _in_order(sent):
        sent = sent.sort("time", maintain_order=True)
    actions, strata = _distinct(sent, "action"), _distinct(sent, "stratum") if "stratum" in roles else None
    if not len(actions):
        raise InputError(f"{source}: no row has an action (`{roles['action']}` is always NULL)")
    _require_numbers(source, frame.collect_schema(), roles)
    table = _collect(sent.select(_ROW, *_encoded(roles, actions, strata)))
    columns = _Columns(source, table, roles)
    reward, propensity = columns.numbers("reward"), columns.numbers("propensity")
    columns.refuse("propensity", (propensity <= 0.0) | (propensity > 1.0), "not above 0 and at most 1")
    target = columns.numbers("target") if "target" in roles else None
    if target is not None:
        columns.refuse("target", (target < 0.0) | (target > 1.0), "not between 0 and 1")
    missing = rows - table.height
    return Log(
        stratum=np.zeros(table.height, np.int32) if strata is None else table["stratum"].to_numpy(),
        action=table["action"].to_numpy(),
        reward=reward,
        propensity=propensity,
        strata=["all"] if strata is None else _names(strata, table["stratum"]),
        actions=_names(actions, table["action"]),
        target=target,
        batch=_batches(table["batch"]) if "batch" in roles else None,
        reward_name=roles["reward"],
        notes=(f"{missing:,} of {rows:,} rows name no action and are left out",) if missing else (),
    )


def _collect(frame: pl.LazyFrame) -> pl.DataFrame:
    table = frame.collect(engine="streaming")
    assert isinstance(table, pl.DataFrame)
    return table


def _in_order(frame: pl.LazyFrame) -> bool:
    earlier = pl.col("time") < pl.col("time").shift(1)
    return not _collect(frame.select(earlier.any())).item()


def _distinct(frame: pl.LazyFrame, role: str) -> pl.Series:
    """The values of a column in order, without NULL."""
    return _collect(frame.select(pl.col(role).unique()))[role].drop_nulls().sort()


def _encoded(roles: Mapping[str, str], actions: pl.Series, strata: pl.Series | None) -> list[pl.Expr]:
    """Codes in the order of the values, NULL last; numbers as floats; the batch as it is."""
    found = [pl.col(role).cast(pl.Float64) for role in ("reward", "propensity", "target") if role in roles]
    for role, values in (("action", actions), ("stratum", strata)):
        if values is not None:
            codes = np.arange(len(values), dtype=np.int32)
            found.append(pl.col(role).replace_strict(values, codes, default=len(values), return_dtype=pl.Int32))
    return [*found, pl.col("batch")] if "batch" in roles else found


def _names(values: pl.Series, codes: pl.Series) -> list[str]:
    """The values as text, with one for NULL where it occurs."""
    largest = codes.max()
    assert isinstance(largest, int)
    return [str(value) for value in values.to_list()] + ["None"] * (largest == len(values))


def _batches(values: pl.Series) -> Codes:
    changed = (values != values.shift(1)).fill_null(value=False)
    return changed.cast(pl.Int32).cum_sum().to_numpy()


def _require_numbers(source: str, schema: pl.Schema, roles: Mapping[str, str]) -> None:
    for role in ("reward", "propensity", "target"):
        if role in roles and not (schema[role].is_numeric() or schema[role] == pl.Boolean):
            raise InputError(f"{source}: column {roles[role]!r} ({role}) holds {schema[role]}, not numbers")


@dataclass(frozen=True, eq=False)
class _Columns:
    """The columns of a log by role; a problem is named by the row of the file."""

    source: str
    table: pl.DataFrame
    roles: Mapping[str, str]

    def numbers(self, role: str) -> Floats:
        """A column of finite numbers."""
        values = self.table[role].fill_null(float("nan")).to_numpy()
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
