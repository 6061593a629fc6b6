"""What a terminal, a pipe or a log can take: text without control characters, in the encoding of the stream."""

import io
import json
import os
import re
import sys
from datetime import UTC, datetime

from sim.errors import StorageError

BUNDLE = "caption-sim-debug.json"
"""The file that `--debug` writes when a command fails."""

# Control characters, and those that change the direction of text; colours (ESC [ … m) are kept where they are ours.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")


def prepare() -> None:
    """Make the standard streams accept any text; raises StorageError where stdout is closed."""
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123  (as long as the process)
    if sys.stdout is None:
        raise StorageError("standard output is closed", "Redirect it to a file or to /dev/null.")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def visible(text: str) -> str:
    """The text with its control characters written out (`\\x1b`), so that no terminal obeys them."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def visible_in_colour(text: str) -> str:
    """As `visible`, but colours stay."""
    return "".join(part if _COLOUR.fullmatch(part) else visible(part) for part in _COLOUR.split(text))


def visible_json(text: str) -> str:
    """JSON text in which no control character is left, and none that stdout cannot encode."""
    escaped = _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return escaped if encoding.lower().replace("-", "") == "utf8" else json.dumps(json.loads(escaped), indent=2)


def log_line(level: str, message: str, **more: object) -> str:
    """One structured line of a log: time (UTC), level, message and whatever else is known, as JSON."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    return json.dumps({"time": time, "level": level, "message": message, **more})
