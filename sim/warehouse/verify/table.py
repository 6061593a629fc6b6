"""The table as the warehouse describes it, against the DDL of `sql/`."""

from collections.abc import Callable
from dataclasses import dataclass

from sim.warehouse.base import STATS, Column, TableDescription, Target
from sim.warehouse.schema import described
from sim.warehouse.verify.checks import Check
from sim.warehouse.verify.results import Result, Status

Outcome = tuple[Status, str]
Compare = Callable[[TableDescription, TableDescription], Outcome]


def _columns(wanted: TableDescription, found: TableDescription) -> Outcome:
    names, there = [one.name for one in wanted.columns], [one.name for one in found.columns]
    missing = [name for name in names if name not in there]
    surplus = [name for name in there if name not in names]
    if missing or surplus:
        return Status.FAIL, f"missing: {', '.join(missing) or 'none'}; surplus: {', '.join(surplus) or 'none'}"
    return (
        (Status.PASS, f"{len(names)} columns in order")
        if names == there
        else (Status.FAIL, f"in the order {', '.join(there)}")
    )


def _shared(wanted: TableDescription, found: TableDescription) -> list[tuple[Column, Column]]:
    there = {one.name: one for one in found.columns}
    return [(one, there[one.name]) for one in wanted.columns if one.name in there]


def _differing(wanted: TableDescription, found: TableDescription, part: str) -> list[tuple[Column, Column]]:
    return [pair for pair in _shared(wanted, found) if getattr(pair[0], part) != getattr(pair[1], part)]


def _listed(pairs: list[tuple[Column, Column]], part: str) -> str:
    return "; ".join(f"{one.name} is {getattr(two, part)}, wanted {getattr(one, part)}" for one, two in pairs)


def _types(wanted: TableDescription, found: TableDescription) -> Outcome:
    pairs = _differing(wanted, found, "type")
    return (Status.FAIL, _listed(pairs, "type")) if pairs else (Status.PASS, "as in the DDL")


def _modes(wanted: TableDescription, found: TableDescription) -> Outcome:
    pairs = _differing(wanted, found, "mode")
    if not pairs:
        return Status.PASS, "as in the DDL"
    # A stricter table refuses rows that the DDL's would take, but holds none that are wrong.
    loose = any(one.mode == "REQUIRED" for one, _ in pairs)
    return Status.FAIL if loose else Status.WARN, _listed(pairs, "mode")


def _defaults(wanted: TableDescription, found: TableDescription) -> Outcome:
    pairs = _differing(wanted, found, "default")
    listed = (f"{one.name} has {two.default or 'none'}, wanted {one.default or 'none'}" for one, two in pairs)
    return (Status.FAIL, "; ".join(listed)) if pairs else (Status.PASS, "as in the DDL")


def _same(part: str) -> Compare:
    def compare(wanted: TableDescription, found: TableDescription) -> Outcome:
        want, have = getattr(wanted, part), getattr(found, part)
        return (
            (Status.PASS, _shown(have)) if want == have else (Status.FAIL, f"is {_shown(have)}, wanted {_shown(want)}")
        )

    return compare


def _key(wanted: TableDescription, found: TableDescription) -> Outcome:
    # The order of a key's columns has no meaning; that of clustering has.
    want, have = wanted.primary_key or (), found.primary_key or ()
    detail = f"is {_shown(have)}, wanted {_shown(want)}"
    return (Status.PASS, _shown(have)) if sorted(want) == sorted(have) else (Status.FAIL, detail)


def _options(wanted: TableDescription, found: TableDescription) -> Outcome:
    missing = [f"label {name}" for name, value in wanted.labels.items() if found.labels.get(name) != value]
    if not found.description:
        missing.append("description")
    return (
        (Status.WARN, f"missing: {', '.join(missing)}")
        if missing
        else (Status.PASS, "description and labels are there")
    )


def _kind(_wanted: TableDescription, found: TableDescription) -> Outcome:
    if found.kind != "TABLE":
        return Status.FAIL, f"is a {found.kind}"
    return Status.PASS, "is a table"


def _expiry(_wanted: TableDescription, found: TableDescription) -> Outcome:
    if found.expires:
        return Status.FAIL, f"expires: {found.expires}"
    return Status.PASS, "rows stay until they are deleted"


def _files(_wanted: TableDescription, found: TableDescription) -> Outcome:
    if found.deviating_files:
        listed = ", ".join(found.deviating_files[:5])
        return Status.FAIL, f"{len(found.deviating_files)} files have other columns than the first: {listed}"
    return Status.PASS, "all files have the same columns"


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) and value else str(value or "none")


@dataclass(frozen=True)
class TableCheck:
    """A check of the description: how it compares, and what a target must keep for it (see `Target.unsupported`)."""

    check: Check
    compare: Compare
    needs: str = ""


def _declare(  # noqa: PLR0917  (texts, in the order in which they are read)
    name: str, compare: Compare, question: str, meaning: str, remedy: str, needs: str = ""
) -> TableCheck:
    return TableCheck(Check(name, "table", question, meaning, remedy), compare, needs)


_RECREATE = "Create the table anew from sql/ddl, copy the rows over, and swap the two."
EXISTS = Check(
    "table_exists",
    "table",
    "Does the table exist?",
    "There is no such table.",
    "Run `deploy` or `seed`, or name another with --table.",
)
COMPARED = (
    _declare(
        "table_kind",
        _kind,
        "Is it a table, not a view?",
        "A view stands in its place: loads fail, and each read runs another query.",
        "Drop or rename the view, then run `deploy`.",
    ),
    _declare(
        "table_columns",
        _columns,
        "Does it have the 15 columns, in order, and no other?",
        "Names or order of the columns differ: positional inserts go wrong.",
        _RECREATE,
    ),
    _declare(
        "table_types",
        _types,
        "Has each column its type?",
        "A column has another type: loads fail or values are rounded.",
        _RECREATE,
    ),
    _declare(
        "table_modes",
        _modes,
        "Are the columns NOT NULL that must be?",
        "A column may be NULL that must not be, or the reverse.",
        f"ALTER COLUMN … DROP NOT NULL, or: {_RECREATE}",
        "modes",
    ),
    _declare(
        "table_defaults",
        _defaults,
        "Has each column its default?",
        "New rows start without the prior or the time stamp.",
        "ALTER COLUMN … SET DEFAULT as in sql/ddl.",
        "defaults",
    ),
    _declare(
        "table_files",
        _files,
        "Do all files of a Parquet folder have the same columns?",
        "Files differ: readers take the columns of the first, and lose or refuse those of others.",
        "Write the deviating files again with the columns of sql/ddl.",
    ),
    _declare(
        "table_key",
        _key,
        "Is the primary key declared?",
        "The key is not declared: joins are planned worse, and tools do not know it.",
        "ALTER TABLE … ADD PRIMARY KEY (caption_id, page_name) NOT ENFORCED.",
        "primary_key",
    ),
    _declare(
        "table_partition",
        _same("partition"),
        "Is it partitioned by day of last_updated?",
        "Not partitioned by day of last_updated: every query reads the whole table.",
        _RECREATE,
        "partition",
    ),
    _declare(
        "table_cluster",
        _same("cluster"),
        "Is it clustered by page_name, caption_id and last_used, in this order?",
        "Clustering differs: queries by page read more than they need.",
        "Set the clustering columns as in sql/ddl.",
        "cluster",
    ),
    _declare(
        "table_expiry",
        _expiry,
        "Do rows stay until somebody deletes them?",
        "Rows are deleted on their own: captions lose their counts without notice.",
        "Remove the expiration (ALTER TABLE … SET OPTIONS), and archive old rows by a job instead.",
        "partition",
    ),
    _declare(
        "table_options",
        _options,
        "Does it have a description and its labels?",
        "Description or labels differ: costs and owners are harder to find.",
        "ALTER TABLE … SET OPTIONS as in sql/ddl.",
        "options",
    ),
)
CHECKS = (EXISTS, *(one.check for one in COMPARED))


def check_table(target: Target, table: str) -> list[Result]:
    """Existence, kind, columns, key, partition, clustering, expiry and options of the statistics table."""
    found = target.describe(table)
    if found is None:
        target.require_dataset()
        detail = f"{table} does not exist in {target.spec}{_instead(target, table)}"
        return [Result(EXISTS, Status.FAIL, detail)]
    exists = Result(EXISTS, Status.PASS, f"{table} has {found.rows} rows")
    return [exists, *(_one(target, one, found) for one in COMPARED)]


def missing_columns(found: TableDescription | None) -> list[str]:
    """Columns of the DDL that a table lacks; all of them where there is no table."""
    there = {one.name for one in found.columns} if found else set()
    return [one.name for one in described(STATS).columns if one.name not in there]


def _instead(target: Target, table: str) -> str:
    """What a folder of that name holds in place of Parquet files."""
    folder = target.spec.path / table
    if target.spec.kind != "parquet" or not folder.is_dir():
        return ""
    other = next((file.name for file in sorted(folder.iterdir())), "nothing")
    return f": {folder} holds no *.parquet, but {other}"


def _one(target: Target, one: TableCheck, found: TableDescription) -> Result:
    if one.needs in target.unsupported:
        return Result(one.check, Status.SKIP, f"{target.spec.kind} keeps no such thing")
    return Result(one.check, *one.compare(described(STATS), found))
