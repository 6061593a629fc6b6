"""(a) The table as it is described, against the DDL of `sql/`."""

from collections.abc import Callable

from sim.warehouse.base import STATS, Column, TableDescription, Target
from sim.warehouse.schema import described
from sim.warehouse.verify.results import Result

GROUP = "table"
_NEEDS = {
    "table_modes": "modes",
    "table_defaults": "defaults",
    "table_key": "primary_key",
    "table_partition": "partition",
    "table_cluster": "cluster",
    "table_options": "options",
}


def check_table(target: Target, table: str) -> list[Result]:
    """Existence, names, types, modes, defaults, key, partition, clustering and options of the statistics table."""
    found = target.describe(table)
    if found is None:
        detail = f"{table} does not exist in {target.spec}{_instead(target, table)}"
        return [Result(GROUP, "table_exists", "fail", detail)]
    exists = Result(GROUP, "table_exists", "pass", f"{table} has {found.rows} rows")
    return [exists, *(_one(target, check, found) for check in _COMPARE)]


def _instead(target: Target, table: str) -> str:
    """What a folder of that name holds in place of Parquet files."""
    folder = target.spec.path / table
    if target.spec.kind != "parquet" or not folder.is_dir():
        return ""
    other = next((file.name for file in sorted(folder.iterdir())), "nothing")
    return f": {folder} holds no *.parquet, but {other}"


def _one(target: Target, check: str, found: TableDescription) -> Result:
    if _NEEDS.get(check) in target.unsupported:
        return Result(GROUP, check, "skip", f"{target.spec.kind} keeps no such thing")
    status, detail = _COMPARE[check](described(STATS), found)
    return Result(GROUP, check, status, detail)


Verdict = tuple[str, str]


def _columns(wanted: TableDescription, found: TableDescription) -> Verdict:
    names, there = [one.name for one in wanted.columns], [one.name for one in found.columns]
    missing = [name for name in names if name not in there]
    surplus = [name for name in there if name not in names]
    if missing or surplus:
        return "fail", f"missing: {', '.join(missing) or 'none'}; surplus: {', '.join(surplus) or 'none'}"
    return (
        ("pass", f"{len(names)} columns in order") if names == there else ("fail", f"in the order {', '.join(there)}")
    )


def _shared(wanted: TableDescription, found: TableDescription) -> list[tuple[Column, Column]]:
    there = {one.name: one for one in found.columns}
    return [(one, there[one.name]) for one in wanted.columns if one.name in there]


def _differing(wanted: TableDescription, found: TableDescription, part: str) -> list[tuple[Column, Column]]:
    return [pair for pair in _shared(wanted, found) if getattr(pair[0], part) != getattr(pair[1], part)]


def _told(pairs: list[tuple[Column, Column]], part: str) -> str:
    return "; ".join(f"{one.name} is {getattr(two, part)}, wanted {getattr(one, part)}" for one, two in pairs)


def _types(wanted: TableDescription, found: TableDescription) -> Verdict:
    pairs = _differing(wanted, found, "type")
    return ("fail", _told(pairs, "type")) if pairs else ("pass", "as in the DDL")


def _modes(wanted: TableDescription, found: TableDescription) -> Verdict:
    pairs = _differing(wanted, found, "mode")
    if not pairs:
        return "pass", "as in the DDL"
    # A stricter table refuses rows that the DDL's would take, but holds none that are wrong.
    loose = any(one.mode == "REQUIRED" for one, _ in pairs)
    return "fail" if loose else "warn", _told(pairs, "mode")


def _defaults(wanted: TableDescription, found: TableDescription) -> Verdict:
    pairs = _differing(wanted, found, "default")
    told = (f"{one.name} has {two.default or 'none'}, wanted {one.default or 'none'}" for one, two in pairs)
    return ("fail", "; ".join(told)) if pairs else ("pass", "as in the DDL")


def _same(part: str, failing: str = "fail") -> Callable[[TableDescription, TableDescription], Verdict]:
    def compare(wanted: TableDescription, found: TableDescription) -> Verdict:
        want, have = getattr(wanted, part), getattr(found, part)
        return ("pass", _shown(have)) if want == have else (failing, f"is {_shown(have)}, wanted {_shown(want)}")

    return compare


def _key(wanted: TableDescription, found: TableDescription) -> Verdict:
    # The order of a key's columns has no meaning; that of clustering has.
    want, have = wanted.primary_key or (), found.primary_key or ()
    verdict = f"is {_shown(have)}, wanted {_shown(want)}"
    return ("pass", _shown(have)) if sorted(want) == sorted(have) else ("fail", verdict)


def _options(wanted: TableDescription, found: TableDescription) -> Verdict:
    missing = [f"label {name}" for name, value in wanted.labels.items() if found.labels.get(name) != value]
    if not found.description:
        missing.append("description")
    return ("warn", f"missing: {', '.join(missing)}") if missing else ("pass", "description and labels are there")


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) and value else str(value or "none")


_COMPARE: dict[str, Callable[[TableDescription, TableDescription], Verdict]] = {
    "table_columns": _columns,
    "table_types": _types,
    "table_modes": _modes,
    "table_defaults": _defaults,
    "table_key": _key,
    "table_partition": _same("partition"),
    "table_cluster": _same("cluster"),
    "table_options": _options,
}
