"""Every fault of tests/verify with its family, and what `verify` says of it: for the figures of docs/verify.md."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.warehouse.base import STATS, TargetSpec
from sim.warehouse.targets import open_target
from sim.warehouse.verify import Options, Result, verify
from sim.warehouse.verify.identity import SAMPLE, check_identity
from sim.warehouse.verify.running import check_bounds_function, check_sample_function
from sim.warehouse.verify.sampler import CELLS, cells_of, judge
from sim.warehouse.verify.table import check_table
from verify import further_faults as further
from verify import test_bounds_faults as bounds
from verify import test_contents_faults as contents
from verify import test_sampler_faults as sampler
from verify import test_table_faults as tables
from verify.draws import right_classes
from verify.functions import replaced
from verify.rows import NOW, right_rows

# Words in the name of a fault, by family; the first family with one of its words is the fault's.
SAMPLER = {
    further.COARSE: ("bits", "decimals", "float32", "hash of the counts"),
    further.POWERS: ("power of 1.0", "power of 0.9"),
    further.NEAR_Z: ("z = 1.96", "z = 1.9599"),
    further.CLOCK: ("the clock", "the hour", "the date", "the user", "a table"),
    further.BIASES: ("0.999", "0.99 of", "0.1 %", "1 %", "one in", "in fifty"),
    further.SHARED: ("one draw by", "a constant"),
    further.SOME_COUNTS: (" at ", "above", "below", "without", "from 64", "at equal"),
}  # fmt: skip
BOUNDS = {
    further.NEAR_Z: ("z = 1.96", "z = 1.9599", "z off"),
    further.CLOCK: ("with the clock", "with a table"),
    further.SOME_COUNTS: ("wrong", "capped", "for nothing", "at equal"),
}
CONTENTS = {
    further.PERCENTILES: ("percentile",),
    further.FUTURE: ("2099", "ahead", "used after"),
    further.PAGES: ("name",),
    further.RECOUNTED: ("counted",),
    further.REVENUES: ("revenue",),
    further.EMVS: ("EMV",),
}
MISSING = "rows missing against log or manifest"
TABLES = {
    "partition or table expiry": ("expire",),
    "types such as STRING(10)": (
        "STRING", "NUMERIC", "FLOAT64", "BYTES", "decimal", "32-bit", "float ids", "as text", "as dates",
    ),
    "naive timestamps": ("naive",),
    "views": ("view", "external", "snapshot"),
    "extra columns": ("column", "name", "case", "exchanged", "reversed"),
}  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One fault: its family, its name, and how it is tried, by `kind`."""

    family: str
    kind: str
    name: str
    what: object


def all_faults() -> list[Fault]:
    """Every fault, each once."""
    return [*_functions(), *_contents(), *_tables()]


def _family(name: str, families: dict[str, tuple[str, ...]], other: str) -> str:
    return next((family for family, words in families.items() if any(word in name for word in words)), other)


def _functions() -> Iterator[Fault]:
    named = {name: body for name, (body, _) in sampler.NAMED.items()}
    for name, body in {**named, **sampler.OTHERS, **sampler.SUBTLE}.items():
        yield Fault(_family(name, SAMPLER, "other samplers"), "sampler", name, body)
    for family, bodies in further.SAMPLERS.items():
        yield from (Fault(family, "sampler", name, body) for name, body in bodies.items())
    for name, draws in {**sampler.DEPENDENT, **further.DEPENDENT}.items():
        yield Fault(further.SHARED, "draws", name, draws)
    for name, body in {**{name: body for name, (body, _) in bounds.NAMED.items()}, **bounds.OTHERS}.items():
        yield Fault(_family(name, BOUNDS, "other bounds"), "bounds", name, body)
    for family, bodies in further.BOUNDS.items():
        yield from (Fault(family, "bounds", name, body) for name, body in bodies.items())


def _contents() -> Iterator[Fault]:
    for name, (change, _) in contents.FAULTS.items():
        yield Fault(_family(name, CONTENTS, "other contents"), "rows", name, change)
    for family, changes in further.ROWS.items():
        yield from (Fault(family, "rows", name, change) for name, change in changes.items())
    for name, (change, _) in contents.WITH_LOG.items():
        family = _family(name, {MISSING: ("missing",), "revenue": ("earning",)}, "against the log")
        yield Fault(family, "log", name, change)


def _tables() -> Iterator[Fault]:
    for name, (table, _) in tables.FAULTS.items():
        yield Fault(_family(name, TABLES, "other tables"), "described", name, table)
    for name, arguments in tables.SIGNATURES.items():
        yield Fault("ANY TYPE and other arguments", "signature", name, arguments)
    for name, (statements, _) in tables.ALTERED.items():
        yield Fault(_family(name, TABLES, "other tables"), "altered", name, statements)
    for name, (make, _) in tables.PARQUET.items():
        family = "later Parquet files of another schema" if "later" in name else _family(name, TABLES, "other tables")
        yield Fault(family, "parquet", name, make)


def verdict(results: list[Result]) -> str:
    """The worst status."""
    found = {one.status.value for one in results}
    return next((status for status in ("error", "fail", "warn") if status in found), "silent")


def tried(fault: Fault, original: TargetSpec, folder: Path) -> list[Result]:
    """What `verify` says at its default sizes; `original`: a deployed DuckDB file, `folder`: an empty one."""
    return _TRIES[fault.kind](fault, original, folder)


def _function(name, check):
    def results(fault, original, folder):
        copy = folder / "a.duckdb"
        shutil.copy(original.place, copy)
        with replaced(TargetSpec("duckdb", str(copy)), name, fault.what) as target:
            quick = check(target, Options(draws=1000))  # what these show, the default sizes show all the more
            return quick if verdict(quick) == "fail" else check(target, Options())

    return results


def _draws(fault, _original, _folder):
    random = np.random.default_rng(17)
    lower, upper = np.array([(one.lower, one.upper) for one in cells_of(np.zeros((1, len(CELLS))))]).T
    return judge(cells_of(lower + (upper - lower) * fault.what(random, 10_000)), right_classes(random))


def rows_results(folder):
    """What `verify` says of the rows of a Parquet folder."""
    with open_target(TargetSpec("parquet", str(folder)), read_only=True) as target:
        return verify(target, Options(only=("contents", "operations"), as_of=NOW.isoformat()))


def _rows(fault, _original, folder):
    contents.put(folder, STATS, fault.what(contents.RIGHT))
    return rows_results(folder)


def _log(fault, _original, folder):
    rows, log = fault.what(contents.LOGGED, contents.send_log(contents.LOGGED))
    contents.put(folder, STATS, rows)
    contents.put(folder, contents.SENDS, log)
    return rows_results(folder)


def _described(fault, _original, _folder):
    return check_table(tables.Described(fault.what), STATS)


def _signature(fault, _original, _folder):
    return [check_identity(tables.Described(tables.OURS, tables.Routine("wilson_sample", "body", fault.what)), SAMPLE)]


def _altered(fault, _original, folder):
    return tables.duckdb_results(folder, fault.what)


def _parquet(fault, _original, folder):
    (folder / STATS).mkdir()
    for at, rows in enumerate(fault.what(right_rows(rows=200))):
        rows.write_parquet(folder / STATS / f"{at}.parquet")
    with open_target(TargetSpec("parquet", str(folder)), read_only=True) as target:
        return check_table(target, STATS)


_TRIES = {
    "sampler": _function("wilson_sample", check_sample_function),
    "bounds": _function("wilson_score_bounds", check_bounds_function),
    "draws": _draws,
    "rows": _rows,
    "log": _log,
    "described": _described,
    "signature": _signature,
    "altered": _altered,
    "parquet": _parquet,
}
