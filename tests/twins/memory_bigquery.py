"""A BigQuery server that holds its tables in memory: the requests of a load, and nothing else.

It does what BigQuery documents and a load relies on: a job id runs once (409 afterwards), a table is created once, a
job may still be running when its insertion is answered, a copy or load job appends whole. It answers in a millisecond,
so that thousands of loads through the faulty proxy take minutes. Statements are told apart by the first words that
they have; the checksum is the program's own, for what is tested is which rows are there.
"""

import copy
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from sim.warehouse.load.checksum import stats_totals

API = "/bigquery/v2/projects/"
Body = dict[str, Any]


class Refused(Exception):
    """An answer with a status other than 200."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass
class Table:
    """A table: what its creator said of it, and the parts that were appended."""

    resource: Body
    parts: list[pa.Table] = field(default_factory=list)

    def rows(self) -> int:
        return sum(part.num_rows for part in self.parts)


@dataclass
class Warehouse:
    """Everything that the server holds; requests are served one at a time."""

    datasets: dict[str, dict[str, Table]] = field(default_factory=dict)
    jobs: dict[str, Body] = field(default_factory=dict)
    answers: dict[str, tuple[list[str], list[list[Any]]]] = field(default_factory=dict)
    uploads: dict[str, tuple[Body, bytearray]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    clock: int = field(default_factory=lambda: int(time.time() * 1000))

    def dataset(self, name: str) -> dict[str, Table]:
        if name not in self.datasets:
            raise Refused(404, "notFound")
        return self.datasets[name]

    def table(self, reference: Body) -> Table:
        found = self.dataset(reference["datasetId"]).get(reference["tableId"])
        if found is None:
            raise Refused(404, "notFound")
        return found

    def create(self, dataset: str, resource: Body) -> Body:
        name = resource["tableReference"]["tableId"]
        if name in self.dataset(dataset):
            raise Refused(409, "duplicate")
        self.clock += 1  # creations differ, however fast they follow each other
        made = {**resource, "type": "TABLE", "creationTime": str(self.clock)}
        self.dataset(dataset)[name] = Table(made)
        return made

    def described(self, table: Table) -> Body:
        return {**table.resource, "numRows": str(table.rows()), "numBytes": str(100 * table.rows())}

    def insert(self, job: Body, content: bytes = b"") -> Body:
        """Run a job to its end; the answer says that it is running, as the service may."""
        job_id = job["jobReference"]["jobId"]
        if job_id in self.jobs:
            raise Refused(409, "duplicate")
        [kind] = [kind for kind in ("query", "load", "copy") if kind in job["configuration"]]
        self.clock += 1
        job["configuration"]["jobType"] = kind.upper()
        job["statistics"] = {"creationTime": str(self.clock), kind: RUN[kind](self, job, content)}
        job["status"] = {"state": "DONE"}
        self.jobs[job_id] = job
        return {**job, "status": {"state": "RUNNING"}}

    def jobs_since(self, creation: int) -> list[Body]:
        """Jobs that were created at this time or later, the newest first."""
        made = [job for job in self.jobs.values() if int(job["statistics"]["creationTime"]) >= creation]
        return made[::-1]

    def _query(self, job: Body, _: bytes) -> Body:
        text = job["configuration"]["query"]["query"]
        body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
        dataset, name = re.findall(r"`[\w-]+`\.`(\w+)`\.`(\w+)`", body)[0]
        reference = {"projectId": job["jobReference"]["projectId"], "datasetId": dataset, "tableId": name}
        self.answers[job["jobReference"]["jobId"]] = self._answer(body, reference)
        return {"statementType": "SELECT" if "SELECT" in body else "CREATE_TABLE"}

    def _answer(self, body: str, reference: Body) -> tuple[list[str], list[list[Any]]]:
        if body.startswith("CREATE TABLE IF NOT EXISTS"):
            if reference["tableId"] not in self.dataset(reference["datasetId"]):
                fields = [schema_field(line) for line in re.findall(r"^  (\w+ [A-Z].*)$", body, re.MULTILINE)]
                resource = {"tableReference": reference, "schema": {"fields": [one for one in fields if one]}}
                self.create(reference["datasetId"], resource)
            return [], []
        table = self.table(reference)
        if body.startswith("SELECT load_id"):
            columns = ["load_id", "table_name", "row_count", "distinct_keys", "checksum"]
            return columns, [[row[name] for name in columns] for part in table.parts for row in part.to_pylist()]
        columns = ["row_count", "distinct_keys", "checksum"]
        if "COUNT(*) AS row_count, 0 AS" in body or not table.parts:
            return columns, [[table.rows(), 0, 0]]
        found = totals(table)
        return columns, [[found.rows, found.distinct_keys, found.checksum]]

    def _load(self, job: Body, content: bytes) -> Body:
        part = pq.read_table(pa.BufferReader(content))
        self.table(job["configuration"]["load"]["destinationTable"]).parts.append(part)
        return {"outputRows": str(part.num_rows)}

    def _copy(self, job: Body, _: bytes) -> Body:
        copied = job["configuration"]["copy"]
        sources = [self.table(reference) for reference in copied["sourceTables"]]
        self.table(copied["destinationTable"]).parts += [part for source in sources for part in source.parts]
        return {}


RUN: dict[str, Callable[[Warehouse, Body, bytes], Body]] = {
    "query": Warehouse._query,
    "load": Warehouse._load,
    "copy": Warehouse._copy,
}


def totals(table: Table) -> Any:
    """Rows, different keys and checksum of a table of statistics."""
    written = pa.BufferOutputStream()
    pq.write_table(pa.concat_tables(table.parts), written)
    return stats_totals(pa.BufferReader(written.getvalue()))  # a file, to pyarrow


def schema_field(line: str) -> Body | None:
    """The column of a line of CREATE TABLE; None where the line declares none."""
    name, kind, *_ = line.replace(",", " ").split()
    api = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "STRING": "STRING", "TIMESTAMP": "TIMESTAMP"}.get(kind)
    mode = "REQUIRED" if "NOT NULL" in line else "NULLABLE"
    return api and {"name": name, "type": api, "mode": mode}


def result(warehouse: Warehouse, job_id: str) -> Body:
    """The rows of a query as the API writes them."""
    columns, rows = warehouse.answers[job_id]
    written = [{"f": [{"v": None if cell is None else str(cell)} for cell in row]} for row in rows]
    kinds = ["INTEGER" if all(isinstance(row[at], int) for row in rows) else "STRING" for at in range(len(columns))]
    schema = {"fields": [{"name": name, "type": kind} for name, kind in zip(columns, kinds, strict=True)]}
    reference = warehouse.jobs[job_id]["jobReference"]
    return {
        "jobComplete": True,
        "jobReference": reference,
        "totalRows": str(len(rows)),
        "schema": schema,
        "rows": written,
    }


def served(warehouse: Warehouse, method: str, path: str, query: dict[str, list[str]], body: Body) -> Body:
    """The answer to a request that uploads nothing."""
    project, *parts = path.removeprefix(API).split("/")
    match method, parts:
        case _, ["datasets", *names]:
            return of_datasets(warehouse, method, project, names, body)
        case "POST", ["jobs"]:
            return warehouse.insert(body)
        case "GET", ["jobs"]:
            return {"jobs": warehouse.jobs_since(int(query.get("minCreationTime", ["0"])[0]))}
        case "GET", ["jobs" | "queries" as kind, job_id] if job_id in warehouse.jobs:
            return warehouse.jobs[job_id] if kind == "jobs" else result(warehouse, job_id)
    raise Refused(404, "notFound")


def of_datasets(warehouse: Warehouse, method: str, project: str, names: list[str], body: Body) -> Body:
    """The answer to a request about a dataset, or its tables."""
    match method, names:
        case "POST", []:
            warehouse.datasets[body["datasetReference"]["datasetId"]] = {}
        case "DELETE", [name]:
            del warehouse.datasets[name]
        case "GET", [name] if warehouse.dataset(name) is not None:
            return {"datasetReference": {"projectId": project, "datasetId": name}, "location": "US"}
        case "POST", [name, "tables"]:
            return warehouse.create(name, body)
        case _, [name, "tables", table]:
            return of_table(warehouse, method, {"datasetId": name, "tableId": table}, body)
    return body


def of_table(warehouse: Warehouse, method: str, reference: Body, body: Body) -> Body:
    """The answer to a request about one table."""
    table = warehouse.table(reference)
    if method == "PATCH":
        table.resource.update(body)
    if method == "DELETE":
        del warehouse.datasets[reference["datasetId"]][reference["tableId"]]
    return warehouse.described(table)


Answer = tuple[int, list[tuple[str, str]], bytes]
"""Status, headers and content."""


def respond(warehouse: Warehouse, method: str, path: str, headers: Mapping[str, str], content: bytes) -> Answer:
    """The answer to a request."""
    address, extra = urlsplit(path), {}
    query = parse_qs(address.query)
    try:
        with warehouse.lock:
            if address.path.startswith("/upload"):
                named = {name.lower(): value for name, value in headers.items()}
                status, extra, body = uploaded(warehouse, path, query, named, content)
            else:
                given = json.loads(content) if content else {}
                status, body = 200, served(warehouse, method, address.path, query, given)
    except Refused as refusal:
        status = refusal.status
        body = {"error": {"code": status, "message": str(refusal), "errors": [{"reason": str(refusal)}]}}
    return status, [*extra.items(), ("Content-Type", "application/json")], json.dumps(body).encode()


def uploaded(
    warehouse: Warehouse, path: str, query: dict[str, list[str]], headers: Mapping[str, str], content: bytes
) -> tuple[int, dict[str, str], Body]:
    """A resumable upload: a request that opens it, and others that bring its bytes. Status, headers and answer."""
    if "upload_id" not in query:
        opened = str(len(warehouse.uploads))
        warehouse.uploads[opened] = (json.loads(content), bytearray())
        return 200, {"Location": f"http://{headers['host']}{path}&upload_id={opened}"}, {}
    job, held = warehouse.uploads[query["upload_id"][0]]
    found = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", headers["content-range"])
    assert found
    held[int(found[1]) :] = content
    if len(held) < int(found[2]):
        return 308, {"Range": f"bytes=0-{len(held) - 1}"}, {}
    return 200, {}, warehouse.insert(copy.deepcopy(job), bytes(held))


class Handler(BaseHTTPRequestHandler):
    """One request after the other of one connection."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def _serve(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, answer = respond(self.server.warehouse, self.command, self.path, self.headers, content)
        self.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(answer)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815 - http.server's names

    def log_message(self, *arguments: Any) -> None:
        """Keep silent."""


class Server(ThreadingHTTPServer):
    """The server, on a free port of the loopback address."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.warehouse = Warehouse()


@contextmanager
def serving() -> Iterator[Server]:
    """A server that serves until the end of the block."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
