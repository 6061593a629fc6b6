"""What a verification would read and cost, found out by BigQuery's dry runs, which are free.

On-demand queries are billed per byte read, rounded up to whole MiB, at least 10 MiB per table, at 6.25 USD per TiB.
Local targets bill nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

from sqlglot import exp

import sql
from sim.warehouse.base import StatementError, Target
from sim.warehouse.translate import parse
from sim.warehouse.verify.checks import Check, shipped
from sim.warehouse.verify.merged import scans
from sim.warehouse.verify.options import Options
from sim.warehouse.verify.questions import Clock, parameters, read_clock, since, unaskable
from sim.warehouse.verify.results import Parameters, fill
from sim.warehouse.verify.sampler import pairs_of_counts
from sim.warehouse.verify.spellings import LOOKALIKES, PROBE

USD_PER_TIB = 6.25
MIB, TIB = 2**20, 2**40
LEAST_BYTES = 10 * MIB  # billed per table that a query reads
Statement = tuple[tuple[str, ...], str]  # the checks that it answers, and its text
PROBES = {"bounds": ("bounds_grid", "bounds_pairs"), "sampler": ("sample_cells", "sample_counts")}
NEWEST = "newest_row"


@runtime_checkable
class Estimating(Protocol):
    """A target that estimates what a statement reads."""

    def dry_run(self, statement: str) -> int:
        """Bytes that the statement would read."""


@dataclass(frozen=True)
class Cost:
    """One statement: the checks that it answers, the bytes billed at most, or why it cannot be estimated."""

    checks: tuple[str, ...]
    billed: int
    refused: str = ""

    @property
    def usd(self) -> float:
        """Price of the statement, USD."""
        return self.billed / TIB * USD_PER_TIB


def estimate(target: Target, checks: Sequence[Check], options: Options) -> list[Cost]:
    """The cost of every statement that a verification with these checks would run."""
    statements = [*_function_statements(target, checks, options), *_row_statements(target, checks, options)]
    return [_cost(target, names, statement) for names, statement in statements]


def of_comparison(target: Target, options: Options) -> Cost:
    """The cost of reading all rows of this target, to compare them with those of another."""
    return _cost(target, ("against_rows", "against_values"), target.statement("probes/stats_rows", table=options.table))


def _function_statements(target: Target, checks: Sequence[Check], options: Options) -> list[Statement]:
    if "functions" in target.unsupported:
        return []
    groups = {check.group for check in checks}
    sizes: dict[str, sql.Parameter] = {"pairs": options.rows, "draws": options.draws}
    counts: dict[str, sql.Parameter] = {"pairs": pairs_of_counts(options.draws)}
    probes = [name for group, names in PROBES.items() if group in groups for name in names]
    asked = [check for check in checks if check.statement and check.group in PROBES]
    return [
        *(((name,), _probe(target, name, counts if name == "sample_counts" else sizes)) for name in probes),
        *(((check.name,), fill(target, check, sizes)) for check in asked),
    ]


def _row_statements(target: Target, checks: Sequence[Check], options: Options) -> list[Statement]:
    rows = [check for check in checks if check.statement and check.group not in PROBES]
    if target.describe(options.table) is None:
        return []
    unknown = options.as_of == "latest" and isinstance(target, Estimating)
    clock = _record() if unknown else read_clock(target, options)
    skipped = unaskable(target, rows, options, clock)
    asked = [check for check in rows if check.name not in skipped]
    limit = None if unknown else since(options, clock)
    found = scans(target, asked, parameters(options, clock, [*shipped().values(), *rows]), limit)
    names = LOOKALIKES in checks and options.since is None
    pages = [((LOOKALIKES.name,), _probe(target, PROBE, {"table": options.table}))] if names else []
    newest = [((NEWEST,), _probe(target, NEWEST, {"table": options.table}))] if unknown else []
    return [*newest, *pages, *((tuple(check.name for check in one.checks), one.statement) for one in found)]


def _record() -> Clock:
    """The clock of a record whose newest row only a billed query would tell: all rows are then estimated."""
    now = datetime.now(UTC)
    return Clock(now, now, live=False)


def _probe(target: Target, name: str, values: Parameters) -> str:
    return target.statement(f"probes/{name}", **values)


def _cost(target: Target, names: tuple[str, ...], statement: str) -> Cost:
    if not isinstance(target, Estimating):
        return Cost(names, 0)
    try:
        return Cost(names, billed_bytes(target.dry_run(statement), _tables(statement)))
    except StatementError as error:
        return Cost(names, 0, error.message)


def billed_bytes(read: int, tables: int) -> int:
    """Bytes billed for a query that reads so many bytes of so many tables: at least what BigQuery bills."""
    return max(-(-read // MIB) * MIB, LEAST_BYTES * tables)


def _tables(statement: str) -> int:
    return len({table.sql(dialect="bigquery") for table in parse(statement).find_all(exp.Table)})


def as_text(costs: Sequence[Cost]) -> str:
    """One line per statement, then the sum."""
    lines = [
        f"{_amount(one)}  {', '.join(one.checks)}" + (f"  ({one.refused})" if one.refused else "") for one in costs
    ]
    return "\n".join([*lines, f"{_amount(total(costs))}  in all, {len(costs)} statements"])


def as_data(target: str, costs: Sequence[Cost]) -> dict[str, Any]:
    """What `--json` prints."""
    listed = [{"checks": one.checks, "bytes": one.billed, "usd": one.usd, "refused": one.refused} for one in costs]
    whole = total(costs)
    return {"target": target, "bytes": whole.billed, "usd": whole.usd, "statements": listed}


def total(costs: Sequence[Cost]) -> Cost:
    """All statements together."""
    return Cost((), sum(one.billed for one in costs))


def _amount(cost: Cost) -> str:
    return f"{cost.billed / MIB:>12,.0f} MiB  {cost.usd:>10.4f} USD"
