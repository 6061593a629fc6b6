"""What a check is, and where checks come from.

A check that SQL can answer is one file of `sql/checks/`, or of a folder named by `--checks`. Its statement returns
rows (check, status, detail). The comment at its top describes it:

    -- Does a caption cost more than the limit?          the question, on one or more lines
    -- group: prices                                     where it is listed; `--only` chooses groups
    -- meaning: Prices are higher than agreed.           what it means that the check does not pass
    -- remedy: Correct the price list.                   what to do then
    -- option: most_usd = 35; highest price, USD         a threshold, its default, its help; ${most_usd} in the SQL
    -- refusal: pass                                     an error of the engine is an accepted answer
    -- scope: table                                      needs every row: skipped under `--since`

A threshold of two values, `hours = 8 12`, is ${hours_warn} and ${hours_fail}. Tables are ${table} and ${sends} and
${loads}; times are ${now_us}, ${as_of_us} and ${clock_us}. A check that Python computes is declared beside its code.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from string import Template

import sql
from sim.errors import InputError

REDEPLOY = (
    "Show the difference with `deploy --dry-run`; then run `deploy`, with --replace if another function is there."
)
GROUPS = ("table", "identity", "bounds", "sampler", "contents", "operations")
_KEYS = ("group", "meaning", "remedy", "option", "refusal", "scope")
_LINE = re.compile(r"--\s*(?:({}):\s+)?(.*)".format("|".join(_KEYS)))
_OPTION = re.compile(r"([a-z][a-z_]*) = ([0-9.e+-]+)(?: ([0-9.e+-]+))?; (.+)")


@dataclass(frozen=True)
class Threshold:
    """A number, or a pair (warn, fail), that the user may set; `name` is its option's with underscores."""

    name: str
    default: tuple[float, ...]
    help: str

    def parameters(self, values: tuple[float, ...]) -> dict[str, float]:
        """The parameters of a statement: the name alone, or with `_warn` and `_fail`."""
        if len(values) == 1:
            return {self.name: values[0]}
        return {f"{self.name}_{level}": value for level, value in zip(("warn", "fail"), values, strict=True)}


@dataclass(frozen=True)
class Check:
    """One question about a warehouse. `statement` is its SQL, parameters unfilled; empty where Python computes it."""

    name: str
    group: str
    question: str
    meaning: str
    remedy: str
    statement: str = ""
    thresholds: tuple[Threshold, ...] = ()
    refusal_passes: bool = False
    whole_table: bool = False

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of the parameters in the statement."""
        return frozenset(Template(self.statement).get_identifiers())

    @property
    def asks_age(self) -> bool:
        """Whether the answer is how old the newest row is."""
        return "now_us" in self.parameters


def read_check(name: str, text: str, origin: str) -> Check:
    """The check that the text of an SQL file states; InputError where its header lacks a key, at `origin`:line."""
    entries = _header(text)
    missing = [key for key in ("question", "group", "meaning", "remedy") if key not in entries]
    if missing:
        raise InputError(f"{origin}:1: the header has no {', '.join(missing)}", "docs/verify.md shows a check file")
    one = {key: " ".join(lines) for key, (_, lines) in entries.items() if key != "option"}
    line, options = entries.get("option", (1, []))
    return Check(
        name,
        one["group"],
        one["question"],
        one["meaning"],
        one["remedy"],
        text,
        tuple(_threshold(option, f"{origin}:{line}") for option in options),
        one.get("refusal") == "pass",
        one.get("scope") == "table",
    )


def _header(text: str) -> dict[str, tuple[int, list[str]]]:
    """Each key with the line where it begins and its lines; a line without a key continues the one before."""
    entries: dict[str, tuple[int, list[str]]] = {}
    key = "question"
    for number, line in enumerate(text.splitlines(), 1):
        found = _LINE.fullmatch(line.strip())
        if found is None:
            break
        key = found[1] or key
        entries.setdefault(key, (number, []))[1].append(found[2].strip())
    return entries


def _threshold(line: str, where: str) -> Threshold:
    found = _OPTION.fullmatch(line)
    try:
        if found is None:
            raise ValueError
        values = tuple(float(value) for value in found.group(2, 3) if value)
    except ValueError:
        raise InputError(
            f"{where}: option: {line!r}", "write NAME = DEFAULT; help, or NAME = WARN FAIL; help"
        ) from None
    return Threshold(found[1], values, found[4])


@cache
def shipped() -> Mapping[str, Check]:
    """The checks of `sql/checks/` by name."""
    names = [name.removeprefix("checks/") for name in sql.names("checks")]
    return {name: read_check(name, sql.text(f"checks/{name}"), f"sql/checks/{name}.sql") for name in names}


def from_folder(folder: Path) -> list[Check]:
    """The checks of the user's own folder; InputError for a folder without any, or a name that is taken."""
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise InputError(f"{folder} holds no *.sql", "--checks names a folder of check files; see docs/verify.md")
    taken = [file for file in files if file.stem in shipped()]
    if taken:
        raise InputError(f"{taken[0]}: a check of verify has this name", "rename the file")
    return [read_check(file.stem, _read(file), str(file)) for file in files]


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{file}: not UTF-8 text", "save the file as UTF-8") from None


def thresholds(checks: Iterable[Check]) -> dict[str, Threshold]:
    """All thresholds of some checks, by name."""
    return {one.name: one for check in checks for one in check.thresholds}
