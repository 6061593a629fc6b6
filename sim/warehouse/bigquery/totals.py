"""Totals of a table of a BigQuery dataset, by query: the row count of its metadata lacks the streaming buffer."""

import sql
from sim.warehouse.base import RowTotals
from sim.warehouse.bigquery.client import PAGE_SECONDS, DatasetClient, retry
from sim.warehouse.embedded import TOTALS, as_totals


def dataset_statement(client: DatasetClient, name: str, **parameters: sql.Parameter) -> str:
    """The GoogleSQL statement `name` of `sql/` for the client's dataset."""
    return sql.read(name, project=client.project, dataset=client.dataset, **parameters)


def table_totals(client: DatasetClient, layout: str | None, table: str) -> RowTotals:
    """Totals of `table`, by the checksum of tables with the columns of `layout`; its rows alone for None."""
    statement = TOTALS.get(layout, "load/count_rows") if layout else "load/count_rows"
    job = client.run(dataset_statement(client, statement, table=table))
    [row] = job.result(retry=retry(), timeout=PAGE_SECONDS)
    return as_totals(tuple(row.values()))
