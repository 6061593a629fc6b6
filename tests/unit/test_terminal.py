"""What is printed holds no control characters, fits the encoding, and is valid JSON where it says so."""

import io
import json
import sys

import pytest

from sim.errors import StorageError
from sim.terminal import log_line, prepare, visible, visible_in_colour, visible_json

HOSTILE = [
    "\x1b]0;title\x07",
    "\x1b[2J",
    "\x9b31m",
    "\u202eevil",
    "a\rb",
    "\x00",
    "\x7f",
    "\x1b]8;;http://x\x1b\\",
    "\x08\x08",
]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_no_control_character_is_left(text: str) -> None:
    shown = visible(f"before {text} after\n\tnext")
    assert all(character.isprintable() or character in "\n\t" for character in shown)
    assert shown.startswith("before ")
    assert shown.endswith(" after\n\tnext")


def test_colours_are_kept_where_they_are_ours() -> None:
    assert visible_in_colour("\x1b[31mred\x1b[0m \x1b[2J") == "\x1b[31mred\x1b[0m \\x1b[2J"
    assert visible("\x1b[31mred") == "\\x1b[31mred"


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_json_stays_json(text: str) -> None:
    shown = visible_json(json.dumps({"key": f"{text}é"}, ensure_ascii=False))
    assert json.loads(shown) == {"key": f"{text}é"}
    assert all(character.isprintable() or character == "\n" for character in shown)


def test_a_terminal_of_another_encoding_gets_what_it_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp1252", errors="strict")
    monkeypatch.setattr(sys, "stdout", stream)
    prepare()
    stream.write("≥ 5 €\n")
    stream.write(visible_json('{"key": "≥"}') + "\n")
    stream.flush()
    assert raw.getvalue().decode("cp1252") == '? 5 €\n{\n  "key": "\\u2265"\n}\n'


def test_a_closed_stdout_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(StorageError, match="standard output is closed"):
        prepare()


def test_a_log_line_is_one_json_object() -> None:
    line = log_line("error", "two\nlines", exit_code=2)
    found = json.loads(line)
    assert "\n" not in line
    assert (found["level"], found["message"], found["exit_code"]) == ("error", "two\nlines", 2)
    assert found["time"].endswith("+00:00")
