"""The debug bundle holds what a report needs, and nothing secret: canaries in every place that it could look at."""

import json
from pathlib import Path

import pytest

from sim.debug import HIDDEN, redacted, write_bundle

CANARY = "canary-7f3a9c-do-not-show"


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    key = tmp_path / "key.json"
    key.write_text(json.dumps({"private_key": f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----\n"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    monkeypatch.setenv("MY_PASSWORD", CANARY)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return key


def failing_login(key: Path) -> None:
    password = CANARY
    raise PermissionError(f"login failed: password={password} with {key.read_text()} at https://user:{password}@host/")


def test_no_secret_is_in_the_bundle(secrets: Path, tmp_path: Path) -> None:
    try:
        failing_login(secrets)
    except PermissionError as error:
        words = ["load", "run", "--to", f"https://me:{CANARY}@host", f"--token={CANARY}"]
        path = write_bundle(words, error, 70, tmp_path)
    text = path.read_text("utf-8")
    assert CANARY not in text
    assert str(secrets) not in text
    assert str(tmp_path / "home") not in text
    bundle = json.loads(text)
    assert bundle["exit_code"] == 70
    assert "MY_PASSWORD" in bundle["environment_names"]
    assert any("failing_login" in line for line in bundle["traceback"])
    assert any(line.startswith("click==") for line in bundle["packages"])


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefgh12345678",
        "access ya29.a0AfH6SMBx-long_token",
        "api_key = 0123456789abcdef",
        '{"client_secret": "0123456789abcdef"}',
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "-----BEGIN RSA PRIVATE KEY-----\nabcdefgh12345678\n",
    ],
)
def test_what_looks_like_a_token_is_replaced(text: str) -> None:
    shown = redacted(text, {})
    assert HIDDEN in shown
    assert not any(part in shown for part in ("abcdefgh", "a0AfH6", "0123456789", "hbGci"))


def test_plain_text_is_left_alone() -> None:
    assert redacted("no scenario 'nowhere'", {"A": "short", "HOME": "/"}) == "no scenario 'nowhere'"
