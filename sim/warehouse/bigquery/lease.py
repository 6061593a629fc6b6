"""A lease on a table of a dataset, so that two loads do not publish into it at once.

The lease is a table of its own, `_lease_<table>`: BigQuery creates a table once or answers that it exists. Its label
names the load that holds it, and it deletes itself after LEASE_MINUTES in case its holder dies.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sim.errors import RemoteError
from sim.warehouse.base import plain_id
from sim.warehouse.bigquery.client import DEADLINE_SECONDS, LABELS, DatasetClient, retry
from sim.warehouse.bigquery.errors import remote_errors

LEASE_MINUTES = 60


@contextmanager
def lease(client: DatasetClient, table: str, load_id: str) -> Iterator[None]:
    """Hold the lease of `table` for one load; a repeated load takes its own lease over.

    RemoteError if another load holds it.
    """
    name = _name(table)
    with remote_errors(client.spec):
        _take(client, name, table, plain_id(load_id))
    try:
        yield
    finally:
        with remote_errors(client.spec):
            _delete(client, name)


def release(client: DatasetClient, table: str, load_id: str) -> None:
    """Delete the lease of `table` if this load holds it."""
    held = client.table(_name(table))
    if held is not None and _holder(held) == plain_id(load_id):
        _delete(client, _name(table))


def _name(table: str) -> str:
    return f"_lease_{table}"


def _holder(held: Any) -> str:
    """The load that holds a lease, "" where there is none or it is not named."""
    return "" if held is None else str((held.labels or {}).get("load", ""))


def _delete(client: DatasetClient, name: str) -> None:
    client.api.delete_table(client.path(name), not_found_ok=True, retry=retry(), timeout=DEADLINE_SECONDS)


def _take(client: DatasetClient, name: str, table: str, load_id: str) -> None:
    from google.api_core.exceptions import Conflict  # noqa: PLC0415

    wanted = client.bigquery.Table(client.path(name), schema=[client.bigquery.SchemaField("holder", "STRING")])
    wanted.labels = {**LABELS, "load": load_id}
    wanted.expires = datetime.now(UTC) + timedelta(minutes=LEASE_MINUTES)
    try:
        client.api.create_table(wanted, retry=retry(), timeout=DEADLINE_SECONDS)
    except Conflict:
        # Also where the answer to our own request was lost.
        held = client.table(name)
        if _holder(held) != load_id:
            raise _taken(client, _holder(held) or "unknown", table, held) from None


def _taken(client: DatasetClient, holder: str, table: str, held: Any) -> RemoteError:
    until = "" if held is None or held.expires is None else f" until {held.expires:%H:%M} UTC at the latest"
    return RemoteError(
        f"{client.spec}: load {holder} is being published into {table}",
        f"wait until it has ended{until}, then repeat the command",
    )
