"""YAML 1.2 to plain values with line numbers, safe on any input.

ruamel.yaml parses; this module builds the tree from its events, so that limits apply before memory or time is spent
and every value keeps its line. Errors are: anchors, aliases and tags (a scenario needs none), several documents,
duplicate keys, deep nesting, and anything longer than a scenario can sensibly be.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sim.errors import Problem, ScenarioError

MAX_BYTES = 65_536
MAX_VALUES = 2_500
MAX_DEPTH = 12
MAX_DIGITS = 40
MAX_DUPLICATES = 50
MAX_WORD = 60
TOO_LARGE = f"larger than {MAX_BYTES // 1024} KiB; a scenario is small"
_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"

Path = tuple[str | int, ...]

# YAML 1.2.2, section 10.3.2: the tags of the core schema.
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NAN = re.compile(r"\.(nan|NaN|NAN)")

# The parser's time grows with the square of the brackets that open one after another; no scenario opens so many.
_BRACKETS = re.compile(r"(?:[\[{]\s*){32}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffd]")  # U+FFFD is what a lone half becomes
_HALF = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True)
class Finding:
    """One thing wrong, at a path of the scenario; the loader adds where that is written."""

    path: Path
    message: str
    line: int | None = None  # where it is not the line of the path


@dataclass
class Document:
    """A tree of plain values, and the line (from 1) on which each of them starts, by path."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)  # duplicate keys

    def line(self, path: Path) -> int | None:
        """The line of a value, or of the nearest container that is written down."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


class _Refused(Exception):
    def __init__(self, message: str, line: int | None = None, path: Path = ()) -> None:
        super().__init__(message)
        self.finding = Finding(path, message, line)


def read(text: str, file: str, *, lines: bool = True) -> Document:
    """Parse one YAML document; raises ScenarioError, naming `file` (and its `lines`), where it is not acceptable."""
    builder = _Builder()
    try:
        builder.feed(_events(text))
    except _Refused as refused:
        found = [*builder.document.findings, refused.finding]
        raise ScenarioError(
            [Problem(dotted(each.path), each.message, file, each.line if lines else None) for each in found]
        ) from None
    return builder.document


def dotted(path: Path) -> str:
    """A path as users write it: `policies.0.kind`."""
    return ".".join(_short(str(step)) for step in path)


def _short(word: str) -> str:
    return word if len(word) <= MAX_WORD else word[: MAX_WORD - 1] + "…"


def scalar(text: str) -> Any:
    """A plain (unquoted) scalar by the core schema of YAML 1.2: `on` and `12:30` are strings, `1e3` is a number."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return _integer(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITY.fullmatch(text):
        return float(text.replace(".", "", 1))
    return float("nan") if _NAN.fullmatch(text) else text


def _joined(text: str) -> str:
    """JSON writes a character beyond U+FFFF as two escapes, which YAML's grammar leaves as two halves."""
    if not _HALF.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _integer(text: str) -> int | float:
    # Longer ones are out of every range; int() of a long text is slow and, past 4,300 digits, an error.
    if len(text) > MAX_DIGITS:
        return float("-inf") if text.startswith("-") else float("inf")
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _events(text: str) -> Iterator[Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415  (only a scenario that is YAML needs it)
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    if len(text) > MAX_BYTES:
        raise _Refused(TOO_LARGE)
    if brackets := _BRACKETS.search(text):
        raise _Refused(_TOO_DEEP, text.count("\n", 0, brackets.start()) + 1)
    try:
        yield from YAML(typ="safe", pure=True).parse(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _Refused(_syntax(error), mark.line + 1 if mark else None) from None
    except YAMLError as error:
        position = getattr(error, "position", None)
        line = None if position is None else text.count("\n", 0, position) + 1
        raise _Refused(f"not YAML: {str(error).splitlines()[0]}", line) from None
    except Exception as error:  # noqa: BLE001  (the parser trips over some input: "\\UFFFFFFFF" is an OverflowError)
        raise _Refused(f"not YAML: {error}") from None


def _syntax(error: Any) -> str:
    context = f" ({error.context})" if error.context else ""
    return f"not YAML: {error.problem}{context}"


class _Builder:
    """Builds the tree from parser events, with an explicit stack: hostile nesting meets no recursion."""

    def __init__(self) -> None:
        self.document = Document(None)
        self._stack: list[_Open] = []
        self._values = 0
        self._documents = 0

    def feed(self, events: Iterator[Any]) -> None:
        """Consume all events."""
        for event in events:
            self._take(type(event).__name__, event)
        if not self._documents:
            raise _Refused("empty; a scenario is a mapping with name, horizon, world and policies")

    def duplicate(self, finding: Finding) -> None:
        """Note a duplicate key and read on, for a while."""
        self.document.findings.append(finding)
        if len(self.document.findings) >= MAX_DUPLICATES:
            raise _Refused("too many duplicate keys to read on", finding.line)

    def _take(self, kind: str, event: Any) -> None:
        line = event.start_mark.line + 1
        if kind == "DocumentStartEvent":
            self._start_document(event, line)
        elif kind == "AliasEvent" or getattr(event, "anchor", None):
            raise _Refused("anchors (&) and aliases (*) are not allowed; write the value out", line, self._path())
        elif getattr(event, "tag", None):
            raise _Refused(f"tags ({_short(event.tag)}) are not allowed; write the plain value", line, self._path())
        elif kind in ("MappingStartEvent", "SequenceStartEvent"):
            self._open({} if kind.startswith("M") else [], line)
        elif kind in ("MappingEndEvent", "SequenceEndEvent"):
            self._stack.pop()
        elif kind == "ScalarEvent":
            self._scalar(event, line)

    def _start_document(self, event: Any, line: int) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _Refused("a second document (---) begins here; a file holds one scenario", line)
        if event.version not in (None, (1, 2)):
            raise _Refused(f"%YAML {'.'.join(map(str, event.version))}: scenarios are YAML 1.2", line)

    def _open(self, container: dict[str, Any] | list[Any], line: int) -> None:
        if len(self._stack) >= MAX_DEPTH:
            raise _Refused(_TOO_DEEP, line, self._path())
        if self._stack and self._stack[-1].wants_key:
            raise _Refused("a key must be a plain word", line, self._path())
        path = self._put(container, line)
        self._stack.append(_Open(container, path))

    def _scalar(self, event: Any, line: int) -> None:
        text = _joined(event.value)
        if _UNPRINTABLE.search(text):
            raise _Refused("text with control characters is not allowed", line, self._path())
        top = self._stack[-1] if self._stack else None
        if top is not None and top.wants_key:
            top.take_key(text, line, self)
            return
        self._put(scalar(text) if event.implicit[0] else text, line)

    def _put(self, value: Any, line: int) -> Path:
        self._values += 1
        if self._values > MAX_VALUES:
            raise _Refused(f"more than {MAX_VALUES} values; a scenario is small", line)
        if not self._stack:
            self.document.value = value
            self.document.lines[()] = line
            return ()
        return self._stack[-1].put(value, line, self.document.lines)

    def _path(self) -> Path:
        return self._stack[-1].next_path() if self._stack else ()


class _Open:
    """A container that is being filled."""

    def __init__(self, container: dict[str, Any] | list[Any], path: Path) -> None:
        self.container = container
        self.path = path
        self._key: str | None = None
        self._key_line = 0
        self._discard = False

    @property
    def wants_key(self) -> bool:
        """Whether the next scalar is a key."""
        return isinstance(self.container, dict) and self._key is None

    def take_key(self, key: str, line: int, builder: _Builder) -> None:
        """Note a mapping's key; a duplicate is a problem, and its value is dropped."""
        assert isinstance(self.container, dict)
        self._key, self._key_line, self._discard = key, line, key in self.container
        if self._discard:
            first = builder.document.lines[(*self.path, key)]
            message = f"duplicate key, first given on line {first}"
            builder.duplicate(Finding((*self.path, key), message, line))

    def next_path(self) -> Path:
        """The path of the value that comes next."""
        if isinstance(self.container, list):
            return (*self.path, len(self.container))
        return self.path if self._key is None else (*self.path, self._key)

    def put(self, value: Any, line: int, lines: dict[Path, int]) -> Path:
        """Add a value; its line is its key's, where it has one."""
        path = self.next_path()
        if isinstance(self.container, list):
            self.container.append(value)
            lines[path] = line
        elif not self._discard and self._key is not None:
            self.container[self._key] = value
            lines[path] = self._key_line
        self._key = None
        return (*path, "(again)") if self._discard else path
