"""From a file, a shipped name, YAML text or a dict to a checked Scenario."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sim.errors import InputError, Problem, ScenarioError, StorageError
from sim.scenario import overrides as override
from sim.scenario.document import MAX_BYTES, TOO_LARGE, Document, Finding, dotted, read
from sim.scenario.document import Path as KeyPath
from sim.scenario.model import Scenario
from sim.scenario.problems import MAX_PROBLEMS
from sim.scenario.validate import validate
from sim.wording import did_you_mean

Source = str | Path | Mapping[str, Any] | Scenario


def load(source: Source, overrides: override.Overrides = ()) -> Scenario:
    """The scenario of a file (a path, or text that names one), of a shipped name, of YAML text, or of a mapping.

    `overrides` are `KEY.PATH=VALUE`, or values by key, applied in order before anything is checked. A table world's
    relative `source` is taken from the directory of the scenario's file, or from the current one where nothing is
    there.

    Raises:
        ScenarioError: with every problem at once, each at file:line.
        InputError: there is neither a file nor a shipped scenario of that name, or an override is not KEY.PATH=VALUE.
        StorageError: the file cannot be read.
    """
    document, file, folder = _document(source)
    written = override.apply(document, overrides)
    scenario, findings = validate(document.value)
    findings = document.findings + findings
    if scenario is None or findings:
        raise ScenarioError(_problems(findings, document, file, written))
    in_file = ("world", "source") not in written and ("world",) not in written
    return _beside(scenario, folder) if in_file and folder is not None else scenario


def _document(source: Source) -> tuple[Document, str, Path | None]:
    """The tree, how to name it in messages, and the folder of its file."""
    if isinstance(source, Scenario):
        return Document(source.content()), "scenario", None
    if isinstance(source, Mapping):
        return Document(_plain(source)), "scenario", None
    if isinstance(source, str) and ("\n" in source or source.lstrip().startswith("{")):
        return read(source, "scenario"), "scenario", None
    if isinstance(source, (str, Path)):
        path = find(source)
        shown = str(source) if Path(source) == path else path.name
        return read(read_text(path, shown), shown), shown, path.parent
    raise InputError(f"a scenario is a path, a name, YAML text or a mapping, not {type(source).__name__}")


def _plain(value: Any) -> Any:
    """A deep copy in which tuples are lists, as YAML would have them; overrides then change nothing of the caller's."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def find(source: str | Path) -> Path:
    """The file that is meant, a shipped scenario's where no file has that name; InputError where there is neither."""
    from scenarios import names, path_of  # noqa: PLC0415

    path = Path(source)
    try:
        if path.is_file() or (path.exists() and str(source) not in names()):
            return path
    except OSError as error:
        raise StorageError(f"{_short(str(source))}: {error.strerror or error}") from error
    if str(source) in names():
        return path_of(str(source))
    raise _unknown(str(source), names())


def _unknown(source: str, shipped: Sequence[str]) -> InputError:
    word = Path(source).stem
    meant = f'; did you mean "{word}"?' if word in shipped else did_you_mean(word, shipped).partition("; known")[0]
    message = f"no scenario {_short(source)!r}: neither a file nor the name of a shipped one{meant}"
    return InputError(message, f"Shipped scenarios: {', '.join(shipped)}")


def _short(source: str) -> str:
    return source if len(source) <= 200 else f"{source[:199]}…"


def read_text(path: Path, shown: str) -> str:
    """The text of a scenario file; refuses folders, large files and what is not UTF-8."""
    if path.is_dir():
        raise StorageError(f"{shown}: is a folder, not a scenario", "name a YAML file in it (a run's is scenario.yaml)")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise StorageError(f"{shown}: {error.strerror or error}") from error
    if len(data) > MAX_BYTES:
        raise ScenarioError([Problem("", TOO_LARGE, shown)])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ScenarioError([Problem("", "not UTF-8 text", shown, line)]) from None


def _beside(scenario: Scenario, folder: Path) -> Scenario:
    """The same, its relative source taken from the folder of the scenario's file, if it is there."""
    source = scenario.source_path
    if source is None or source.is_absolute() or not (folder / source).exists():
        return scenario
    return scenario.model_copy(update={"world": scenario.world.model_copy(update={"source": str(folder / source)})})


def _problems(findings: list[Finding], document: Document, file: str, written: dict[KeyPath, str]) -> list[Problem]:
    located = [_located(each, document, file, written) for each in findings]
    # In the order of the file, overrides last.
    located.sort(key=lambda problem: (problem.file != file, problem.line or 0))
    if len(located) > MAX_PROBLEMS:
        more = len(located) - MAX_PROBLEMS
        located[MAX_PROBLEMS:] = [Problem("", f"and {more} more problems", file)]
    return located


def _located(found: Finding, document: Document, file: str, written: dict[KeyPath, str]) -> Problem:
    key = dotted(found.path)
    # The last to write here is to blame.
    for path, name in reversed(written.items()):
        if found.path[: len(path)] == path and found.line is None:
            return Problem(key, found.message, override.place(name))
    return Problem(key, found.message, file, found.line or document.line(found.path))
