"""A BigQuery server on the loopback address, and a proxy in front of it that spoils what it is told to."""

import http.client
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "local_bigquery.py"
PROJECT = "test-project"
CANNOT = 77


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The port of a local-bigquery server; tests that want one are skipped, saying why, where there can be none."""
    pytest.importorskip("google.cloud.bigquery", reason="the extra `bigquery` is not installed")
    building = subprocess.run([sys.executable, SCRIPT, "--build"], capture_output=True, text=True, check=False)
    if building.returncode == CANNOT:
        pytest.skip(building.stderr.strip().splitlines()[-1])
    assert building.returncode == 0, building.stderr
    folder, port = tmp_path_factory.mktemp("bigquery"), free_port()
    command = [
        sys.executable,
        SCRIPT,
        "--port",
        str(port),
        "--grpc-port",
        str(free_port()),
        "--data-dir",
        folder / "data",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=log)
    try:
        _await(port, process, folder / "log")
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(port, process, log):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(
                f"http://127.0.0.1:{port}/bigquery/v2/projects/{PROJECT}/datasets", timeout=2
            ).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the server did not start: {log.read_text()[-2000:]}")


@dataclass
class Fault:
    """What to do to requests whose "METHOD path" matches `pattern`: `kind`, the next `times` of them.

    A number answers with that status; "drop" closes the connection unanswered; "lose" lets the server do the work and
    drops its answer; "withhold" lets it do the work and never answers; "hang" does neither; "cut" passes on the first
    half of an upload (and drops what is none); "kill" and "kill late" end the program before and after the work.
    """

    pattern: str
    kind: int | str
    times: int = 1


STORM = (429, 503, "drop", "lose", "cut")


@dataclass
class Faults:
    """What a proxy does, and what it has seen: (METHOD path, what was done to it)."""

    port: int = 0
    planned: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, int | str | None]] = field(default_factory=list)
    storm: tuple[random.Random, float] | None = None
    rewrites: list[tuple[str, Callable[[bytes], bytes]]] = field(default_factory=list)  # of answers, by request
    lock: threading.Lock = field(default_factory=threading.Lock)
    over: threading.Event = field(default_factory=threading.Event)
    kill: Callable[[], None] = lambda: None  # ends the program under test

    def plan(self, pattern, kind, times=1):
        self.planned.append(Fault(pattern, kind, times))

    def choose(self, request):
        """The fault of a request, if any."""
        with self.lock:
            kind = self._planned(request) or self._random()
            self.seen.append((request, kind))
            return kind

    def rewritten(self, request, content):
        """The answer to a request, after the rewrites that match it."""
        for pattern, change in self.rewrites:
            if re.search(pattern, request):
                content = change(content)
        return content

    def count(self, pattern, *kinds):
        """Requests seen that match, of these faults (None: unspoilt); of all where none is named."""
        return sum(bool(re.search(pattern, what)) and (not kinds or kind in kinds) for what, kind in self.seen)

    def _planned(self, request):
        for fault in self.planned:
            if fault.times > 0 and re.search(fault.pattern, request):
                fault.times -= 1
                return fault.kind
        return None

    def _random(self):
        if self.storm is None:
            return None
        generator, share = self.storm
        return generator.choice(STORM) if generator.random() < share else None


OF_THE_CONNECTION = {"content-length", "transfer-encoding", "connection", "date", "server"}


def kept(headers):
    """Headers that a proxy passes on."""
    return [(name, value) for name, value in headers if name.lower() not in OF_THE_CONNECTION]


REASONS = {429: "rateLimitExceeded", 503: "backendError", 403: "accessDenied", 400: "invalid", 404: "notFound"}


def over_http(port):
    """Passes a request on to a server: a function of method, path, headers and body to status, headers and content."""

    def forward(method, path, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    return forward


class Handler(BaseHTTPRequestHandler):
    """Passes requests on to the server, but for the faults."""

    protocol_version = "HTTP/1.1"

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _pass(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = self.server.faults.choose(f"{self.command} {self.path}")
        if isinstance(kind, int):
            self._refuse(kind)
        elif kind == "cut" and self.headers.get("Content-Range"):
            self._forward(body[: len(body) // 2], kind)
        elif kind in ("drop", "hang", "kill", "cut"):
            self._end(kind)
        else:
            self._forward(body, kind)

    def _end(self, kind):
        """Close the connection without an answer."""
        faults = self.server.faults
        if kind in ("kill", "kill late"):
            faults.kill()
        faults.over.wait(60 if kind in ("hang", "withhold") else 0)
        self.close_connection = True

    def _forward(self, body, kind):
        length = {"Content-Length": str(len(body))} if kind == "cut" else {}
        request = f"{self.command} {self.path}"
        status, headers, content = self.server.behind(self.command, self.path, dict(self.headers) | length, body)
        if kind in ("lose", "withhold", "kill late"):
            self._end(kind)
            return
        self.send_response(status)
        for name, value in kept(headers):
            self.send_header(name, value)
        self._send(self.server.faults.rewritten(request, content))

    def _refuse(self, status):
        error = f'{{"error": {{"code": {status}, "message": "spoilt", "errors": [{{"reason": "{REASONS[status]}"}}]}}}}'
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self._send(error.encode())

    def _send(self, content):
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _pass  # noqa: N815 - http.server's names

    def log_message(self, *arguments):
        pass


class Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, faults, behind):
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults, self.behind = faults, behind

    def handle_error(self, request, client_address):
        pass  # a client that hangs up is part of the test


@pytest.fixture
def behind(server):
    """What answers the requests that a proxy passes on."""
    return over_http(server)


@pytest.fixture
def faults(behind, monkeypatch):
    """A proxy before the server, which the program under test is pointed to."""
    faults = Faults()
    proxy = Proxy(faults, behind)
    faults.port = proxy.server_address[1]
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", f"http://127.0.0.1:{faults.port}")
    yield faults
    faults.over.set()
    proxy.shutdown()
    proxy.server_close()
    thread.join()


@dataclass
class Dataset:
    """A new dataset, and a client that speaks to the server without the proxy."""

    name: str
    client: object

    @property
    def target(self):
        return f"bigquery:{self.name}"

    @property
    def arguments(self):
        return ["--to", self.target, "--allow-write", self.name]

    def rows(self, query):
        """Rows of a query, {d} in it the dataset, as tuples."""
        return [tuple(row.values()) for row in self.client.query_and_wait(query.format(d=f"`{self.name}`"))]


@pytest.fixture
def dataset(server, monkeypatch):
    """A new dataset that may be written to."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    name = f"t{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("CAPTION_SIM_ALLOW_WRITE", f"{PROJECT}.{name}")
    options = {"api_endpoint": f"http://127.0.0.1:{server}"}
    with bigquery.Client(project=PROJECT, credentials=AnonymousCredentials(), client_options=options) as client:
        client.create_dataset(name)
        yield Dataset(f"{PROJECT}.{name}", client)
        client.delete_dataset(name, delete_contents=True)


@pytest.fixture(autouse=True)
def without_cloud_settings(monkeypatch):
    """No test here may ever meet the real service."""
    for name in [name for name in os.environ if name.startswith(("GOOGLE_", "CLOUDSDK_", "GCLOUD_"))]:
        monkeypatch.delenv(name)
