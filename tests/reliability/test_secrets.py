"""No byte of a credential leaves the process: canaries in keys and answers, failing logins, `--debug` on."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from sim.cli import exit_code

pytestmark = pytest.mark.slow

CANARY = "canary-5d21e8-do-not-show"
VALUE = "canary-of-the-environment"
PLACE = "my-project-1.caption_test"
COMMANDS = [
    ["verify", "--to", f"bigquery:{PLACE}", "--format", "github"],
    ["verify", "--to", f"bigquery:{PLACE}", "--junit", "junit.xml", "--json"],
    ["seed", "--rows", "10", "--to", f"bigquery:{PLACE}", "--allow-write", PLACE],
    ["deploy", "--to", f"bigquery:{PLACE}", "--allow-write", PLACE],
    ["deploy", "--to", f"bigquery:{PLACE}", "--plan"],
    ["job", "expire", "--to", f"bigquery:{PLACE}", "--allow-write", PLACE],
]


class Refusal(BaseHTTPRequestHandler):
    """A login service that refuses, and repeats what it was sent."""

    def do_POST(self) -> None:
        self.server.asked += 1  # type: ignore[attr-defined]
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        answer = json.dumps({"error": "invalid_grant", "error_description": f"{CANARY} {sent}"}).encode()
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
        """Print nothing."""


@pytest.fixture
def login() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Refusal)
    server.asked = 0  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def private_key() -> str:
    rsa = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
    from cryptography.hazmat.primitives import serialization

    key = rsa.generate_private_key(65537, 2048)
    form, lock = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, form, lock).decode())


def account(key: str, port: int) -> dict[str, Any]:
    """A service account whose login is on this machine; canaries wherever a secret stands."""
    return {
        "type": "service_account",
        "project_id": "my-project-1",
        "private_key_id": CANARY,
        "private_key": key,
        "client_email": f"{CANARY}@example.com",
        "client_id": CANARY,
        "token_uri": f"http://127.0.0.1:{port}/{CANARY}",
    }


FALSE_KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{CANARY}\n-----END RSA PRIVATE KEY-----\n"


@pytest.mark.parametrize("way", ["refused", "false key", "not JSON", "another type"])
def test_no_byte_of_a_credential_is_shown_or_kept(
    way: str, login: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("google.cloud.bigquery")
    key = private_key() if way == "refused" else FALSE_KEY
    content = account(key, login.server_port)
    file = tmp_path / "secret" / "key.json"
    file.parent.mkdir()
    file.write_text(f'{{"private_key": "{CANARY}' if way == "not JSON" else json.dumps(content))
    if way == "another type":
        file.write_text(json.dumps({**content, "type": CANARY}))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("BIGQUERY_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    monkeypatch.setenv("CAPTION_SIM_ALLOW_WRITE", PLACE)
    monkeypatch.setenv("CAPTION_SIM_TOKEN", VALUE)
    for command in COMMANDS:
        for form in ("text", "json"):
            code = exit_code([*command, "--debug", "--log-format", form])
            said = capfd.readouterr()
            assert code != 0
            assert (work / "caption-sim-debug.json").is_file() or command[0] == "verify", said.err
            secrets = [CANARY, VALUE, *(line for line in key.splitlines() if len(line) > 40 and "-----" not in line)]
            kept = [path.read_bytes() for path in work.rglob("*") if path.is_file()]
            for secret in secrets:
                assert secret not in said.out + said.err, (command, form)
                assert not any(secret.encode() in each for each in kept), (command, form)
    assert (login.asked > 0) == (way == "refused")  # type: ignore[attr-defined]
