"""A log of decisions: where, which action, its reward, the probability with which it was chosen.

Read from Parquet, CSV, a DuckDB file with the table `mass_messages`, or a run folder with recorded sends. Column names
are found where the file is our send log or an Open Bandit Dataset file; `columns` names them for any other table.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.errors import InputError
from sim.evaluation.estimators import Floats
from sim.evaluation.snapshots import Decisions, micros, read_snapshots, reconstructed, rule_of
from sim.warehouse.send_logs import collect_log, column_names, of_unchanged, scan_log
from sim.wording import did_you_mean

Codes = NDArray[np.int16] | NDArray[np.int32]
"""Short where they fit: a log may have many rows."""

ROLES = ("stratum", "action", "reward", "propensity", "time", "target", "batch")
NEEDED = ("action", "reward", "propensity")
NEEDED_WITH_RULE = ("action", "reward", "time", "stratum")
NO_PROPENSITY = (
    "Without the probability of each decision nothing can be said. A run records it with record.sends=true; "
    "--rule and --snapshots reconstruct it where the rule and its table are known."
)
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
DECIMAL_COMMA = re.compile(r"-?[\d.]*\d,\d+")
CORRECT = "Correct the rows, or leave them out."
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

    @property
    def cells(self) -> NDArray[np.int64]:
        """stratum · number of actions + action, (rows,): places in a flat table (strata, actions)."""
        cells = self.stratum.astype(np.int64)
        cells *= len(self.actions)
        cells += self.action
        return cells

    def part(self, rows: slice) -> "Log":
        """Some rows, with all names."""
        chosen = {name: value[rows] for name in _ARRAYS if (value := getattr(self, name)) is not None}
        return replace(self, **chosen)


@dataclass(frozen=True)
class Rule:
    """How a log without propensities was made: by the policy `name`, from a table of which there are snapshots."""

    name: str
    snapshots: str
    """A file, a folder or a target (see `sim.evaluation.snapshots`)."""


def rule_from(name: str | None, snapshots: str | None) -> Rule | None:
    """The rule of `--rule` and `--snapshots`; InputError where one is given without the other."""
    if name is None and snapshots is None:
        return None
    if name is None or snapshots is None:
        given, other = ("--snapshots", "--rule") if name is None else ("--rule", "--snapshots")
        raise InputError(f"{given} needs {other}", "Propensities follow from a rule and from the table that it read.")
    return Rule(name, snapshots)


@of_unchanged
def read_log(
    source: str,
    columns: Mapping[str, str] | None = None,
    *,
    policy: str | None = None,
    reward: str | None = None,
    rule: Rule | None = None,
) -> Log:
    """Read a log. `columns`: role (see `ROLES`) → name; `policy`: whose sends of a run folder; `reward`: its column.

    With `rule` the propensities are reconstructed, and those of the log are not read. Rows without an action are left
    out, with a note. Raises StorageError where `source` cannot be read, InputError with the row where its content
    cannot be used.
    """
    frame = scan_log(source, policy)
    roles = _roles(source, column_names(source, frame), dict(columns or {}), reward, rule)
    return _log(source, frame.select([pl.col(name).alias(role) for role, name in roles.items()]), roles, rule)


def _roles(
    source: str, present: list[str], given: dict[str, str], reward: str | None, rule: Rule | None
) -> dict[str, str]:
    """Role → column: those given, then those of a known layout."""
    if wrong := sorted(set(given) - set(ROLES)):
        raise InputError(f"--columns: unknown role {wrong[0]!r}{did_you_mean(wrong[0], ROLES)}")
    roles: dict[str, str] = {}
    for layout in KNOWN.values():
        if layout["action"] in present and {layout["propensity"], layout["stratum"]} & set(present):
            roles = {role: name for role, name in layout.items() if name in present}
            break
    roles |= given | ({"reward": reward} if reward else {})
    if rule is not None:
        roles.pop("propensity", None)
        roles.pop("batch", None)
    for role in NEEDED if rule is None else NEEDED_WITH_RULE:
        if role not in roles:
            raise InputError(
                f"{source}: which column is the {role}? The log has {', '.join(present[:12])}",
                NO_PROPENSITY if role == "propensity" else f"Name it: --columns {role}=COLUMN.",
            )
    for role, name in roles.items():
        if name not in present:
            hint = f"Name another: --columns {role}=COLUMN. The log has {', '.join(present[:12])}"
            raise InputError(f"{source}: has no column {name!r} ({role}){did_you_mean(name, present)}", hint)
    return roles


def _log(source: str, frame: pl.LazyFrame, roles: Mapping[str, str], rule: Rule | None) -> Log:
    """Collect numbers and codes only: text and times of a long log would not fit into memory."""
    rows = int(collect_log(source, frame.select(pl.len())).item())
    if rows == 0:
        raise InputError(f"{source}: the log has no rows")
    sent = frame.with_row_index(_ROW, offset=1).filter(pl.col("action").is_not_null())
    if "time" in roles and not _in_order(source, sent):
        sent = sent.sort("time", maintain_order=True)
    actions, strata = (
        _distinct(source, sent, "action"),
        _distinct(source, sent, "stratum") if "stratum" in roles else None,
    )
    if not len(actions):
        raise InputError(f"{source}: no row has an action (`{roles['action']}` is always NULL)")
    _require_numbers(source, sent, roles)
    when = [] if rule is None else [micros(frame.collect_schema(), "time").alias("time")]
    table = _collected(source, sent, [*_encoded(roles, actions, strata), *when])
    columns = _Columns(source, table, roles, sent)
    reward = columns.numbers("reward")
    target = columns.numbers("target") if "target" in roles else None
    if target is not None:
        columns.refuse("target", (target < 0.0) | (target > 1.0), "not between 0 and 1")
    log = Log(
        stratum=np.zeros(table.height, np.int16) if strata is None else table["stratum"].to_numpy(),
        action=table["action"].to_numpy(),
        reward=reward,
        propensity=columns.propensities() if rule is None else np.ones(table.height),
        strata=["all"] if strata is None else _names(strata, table["stratum"]),
        actions=_names(actions, table["action"]),
        target=target,
        batch=_batches(table["batch"]) if "batch" in roles else None,
        reward_name=roles["reward"],
        notes=_left_out(rows - table.height, rows),
    )
    return log if rule is None else _by_rule(columns, log, rule)


def _left_out(missing: int, rows: int) -> tuple[str, ...]:
    return (f"{missing:,} of {rows:,} rows name no action and are left out",) if missing else ()


def _by_rule(columns: "_Columns", log: Log, rule: Rule) -> Log:
    """The log with reconstructed propensities; each snapshot begins a batch."""
    columns.refuse("time", columns.table["time"].is_null().to_numpy(), "not a time")
    row, time = columns.row_numbers().to_numpy(), columns.table["time"].to_numpy()
    snapshots = read_snapshots(rule.snapshots)
    decisions = Decisions(columns.source, row, log.stratum, log.action, time, log.strata, log.actions)
    propensity, batch = reconstructed(decisions, snapshots, rule_of(rule.name))
    used = len(np.unique(batch))
    note = f"propensities reconstructed from {used:,} snapshots of the table of {rule.name}: {rule.snapshots}"
    return replace(log, propensity=propensity, batch=batch, notes=(*log.notes, note))


def _collected(source: str, frame: pl.LazyFrame, columns: list[pl.Expr]) -> pl.DataFrame:
    """The columns of a log; of a Parquet file one after the other, text first, which takes less memory."""
    if Path(source).suffix != ".parquet":
        return collect_log(source, frame.select(columns))
    return pl.concat([collect_log(source, frame.select(each)) for each in reversed(columns)], how="horizontal")


def _in_order(source: str, frame: pl.LazyFrame) -> bool:
    earlier = pl.col("time") < pl.col("time").shift(1)
    return not collect_log(source, frame.select(earlier.any())).item()


def _distinct(source: str, frame: pl.LazyFrame, role: str) -> pl.Series:
    """The values of a column in order, without NULL."""
    return collect_log(source, frame.select(pl.col(role).unique()))[role].drop_nulls().sort()


def _encoded(roles: Mapping[str, str], actions: pl.Series, strata: pl.Series | None) -> list[pl.Expr]:
    """Codes in the order of the values, NULL last; numbers as floats; the batch as it is."""
    found = [pl.col(role).cast(pl.Float64) for role in ("reward", "propensity", "target") if role in roles]
    for role, values in (("action", actions), ("stratum", strata)):
        if values is not None:
            # An enumeration is read in pieces; `replace_strict` has every text of the column in memory at once.
            code = pl.col(role).cast(pl.String).cast(pl.Enum(values.cast(pl.String))).to_physical()
            kind = pl.Int16 if len(values) <= np.iinfo(np.int16).max else pl.Int32
            found.append(code.cast(kind).fill_null(len(values)))
    return [*found, pl.col("batch")] if "batch" in roles else found


def _names(values: pl.Series, codes: pl.Series) -> list[str]:
    """The values as text, with one for NULL where it occurs."""
    largest = codes.max()
    assert isinstance(largest, int)
    return [str(value) for value in values.to_list()] + ["None"] * (largest == len(values))


def _batches(values: pl.Series) -> Codes:
    changed = (values != values.shift(1)).fill_null(value=False)
    return changed.cast(pl.Int32).cum_sum().to_numpy()


def _require_numbers(source: str, frame: pl.LazyFrame, roles: Mapping[str, str]) -> None:
    schema = frame.collect_schema()
    for role in ("reward", "propensity", "target"):
        if role not in roles or schema[role].is_numeric() or schema[role] == pl.Boolean:
            continue
        if schema[role] == pl.String:
            _refuse_text(source, frame, role, roles[role])
        what = f"column {roles[role]!r} ({role}) holds {schema[role]}, not numbers"
        raise InputError(f"{source}: {what}", "Write the column as numbers.")


def _refuse_text(source: str, frame: pl.LazyFrame, role: str, name: str) -> None:
    """InputError that names the first row whose text is no number; nothing where all of them are."""
    number = pl.col(role).str.strip_chars().cast(pl.Float64, strict=False)
    bad = collect_log(source, frame.select(_ROW, role).filter(pl.col(role).is_not_null() & number.is_null()))
    if bad.height:
        row, value = bad.row(0)
        comma = DECIMAL_COMMA.fullmatch(value.strip())
        what = "with a comma: write decimals with a point" if comma else "not a number"
        raise InputError(f"{source}: row {row}: {name} is {value!r}, {what}{_more(bad.height)}", CORRECT)


def _more(count: int) -> str:
    """How many rows beside the one named have the same problem."""
    return f" (and {count - 1:,} more row{'s' if count > 2 else ''})" if count > 1 else ""


@dataclass(frozen=True, eq=False)
class _Columns:
    """The columns of a log by role; a problem is named by the row of the file."""

    source: str
    table: pl.DataFrame
    roles: Mapping[str, str]
    frame: pl.LazyFrame
    """What the table was collected from, with the number of each row."""

    def row_numbers(self) -> pl.Series:
        """The row of the file that each row of the table comes from: read when a message needs it."""
        return collect_log(self.source, self.frame.select(_ROW))[_ROW]

    def numbers(self, role: str) -> Floats:
        """A column of finite numbers."""
        column = self.table[role]
        values = column.to_numpy() if column.null_count() == 0 else column.fill_null(float("nan")).to_numpy()
        self.refuse(role, ~np.isfinite(values), "not a number")
        return values

    def propensities(self) -> Floats:
        """The column of propensities."""
        values = self.numbers("propensity")
        self.refuse("propensity", (values <= 0.0) | (values > 1.0), "not above 0 and at most 1")
        return values

    def refuse(self, role: str, bad: NDArray[np.bool_], what: str) -> None:
        """Raise for the first row where `bad` is true."""
        if not bad.any():
            return
        index, count = int(np.argmax(bad)), int(bad.sum())
        row, value = self.row_numbers()[index], self.table[role][index]
        shown = "NULL" if value is None else f"{value!r}, {what}"
        hint = "Record the probability when the decision is made." if role == "propensity" else CORRECT
        raise InputError(f"{self.source}: row {row}: {self.roles[role]} is {shown}{_more(count)}", hint)
