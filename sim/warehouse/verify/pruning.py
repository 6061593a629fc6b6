"""Whether a query for one day reads one partition: the claim of partitioned tables, checked by a free dry run."""

from sim.warehouse.base import Target
from sim.warehouse.verify.checks import Check
from sim.warehouse.verify.cost import MIB, Estimating
from sim.warehouse.verify.results import Result, Status

PRUNING = Check(
    "operations_pruning",
    "operations",
    "Does a query for one day read the partition of that day only?",
    "Partitions are not pruned: a query for one day reads, and is billed for, the whole table.",
    "Partition the table by day of last_updated, as in sql/ddl, and filter by last_updated itself.",
)
CHECKS = (PRUNING,)


def check_pruning(target: Target, table: str) -> list[Result]:
    """The bytes of a query for a day of 1971, which holds no row: 0 of a table that is partitioned by day."""
    if not isinstance(target, Estimating):
        return [Result(PRUNING, Status.SKIP, f"{target.spec.kind} has no estimate of bytes")]
    if target.describe(table) is None:
        return [Result(PRUNING, Status.SKIP, "the table is missing")]
    read = target.dry_run(target.statement("probes/empty_partition", table=table))
    detail = f"a day without rows reads {read / MIB:.1f} MiB"
    return [Result(PRUNING, Status.FAIL if read else Status.PASS, detail)]
