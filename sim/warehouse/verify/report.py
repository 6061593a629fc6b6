"""The results as a table, as JSON, as JUnit XML, and as annotations and a summary for GitHub Actions."""

from collections import Counter
from collections.abc import Sequence
from io import StringIO
from typing import Any
from xml.etree import ElementTree

from sim.warehouse.verify.results import Result, Status

_STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "skip": "dim", "error": "bold magenta"}
_ANNOTATION = {Status.WARN: "warning", Status.FAIL: "error", Status.ERROR: "error"}


def as_data(target: str, results: Sequence[Result]) -> dict[str, Any]:
    """What `--json` prints: the target, how many of each status, and every result."""
    return {"target": target, "summary": counts(results), "results": [_one(result) for result in results]}


def counts(results: Sequence[Result]) -> dict[str, int]:
    """How many results have each status, every status named."""
    found = Counter(result.status for result in results)
    return {status.value: found[status] for status in Status}


def as_text(results: Sequence[Result], *, width: int = 140, color: bool = False) -> str:
    """A table, then for each check that did not pass: what it means and what to do."""
    from rich.console import Console  # noqa: PLC0415  (slow to import)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table("group", "check", "status", "detail")
    for result in results:
        status = Text(result.status, style=_STYLE[result.status])
        table.add_row(result.group, result.name, status, Text(result.detail))
    written = StringIO()
    console = Console(file=written, width=width, force_terminal=color, color_system="standard" if color else None)
    console.print(table)
    for result in results:
        if result.needs_attention:
            console.print(Text(f"{result.name}: {result.meaning} {result.remedy}"))
    return written.getvalue().rstrip("\n")


def as_junit(target: str, results: Sequence[Result]) -> str:
    """JUnit's form: a suite per group, a case per check; a warning passes, with its detail in system-out."""
    suites = ElementTree.Element("testsuites", name=f"verify {_printable(target)}")
    for group in dict.fromkeys(result.group for result in results):
        cases = [result for result in results if result.group == group]
        tally = counts(cases)
        numbers = {"tests": len(cases), "failures": tally["fail"], "skipped": tally["skip"], "errors": tally["error"]}
        suite = ElementTree.SubElement(suites, "testsuite", {"name": group, **{k: str(v) for k, v in numbers.items()}})
        for result in cases:
            _case(suite, result)
    ElementTree.indent(suites)
    written = str(ElementTree.tostring(suites, encoding="unicode"))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written}\n'


def _case(suite: ElementTree.Element, result: Result) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=f"verify.{result.group}", name=result.name)
    detail = _printable(result.detail)
    if result.status in {Status.FAIL, Status.ERROR}:
        kind = "failure" if result.status is Status.FAIL else "error"
        ElementTree.SubElement(case, kind, message=detail).text = f"{result.meaning} {result.remedy}"
    elif result.status is Status.SKIP:
        ElementTree.SubElement(case, "skipped", message=detail)
    else:
        ElementTree.SubElement(case, "system-out").text = f"{result.status}: {detail}"


def as_github(results: Sequence[Result]) -> str:
    """One annotation per warning, failure and error, then a line with the counts."""
    lines = [_annotation(result) for result in results if result.needs_attention]
    return "\n".join([*lines, ", ".join(f"{number} {status}" for status, number in counts(results).items())])


def as_summary(target: str, results: Sequence[Result]) -> str:
    """Markdown for the summary of a GitHub Actions step: the counts, and a table of what did not pass."""
    tally = ", ".join(f"{number} {status}" for status, number in counts(results).items() if number)
    lines = [f"### verify {_cell(target)}", "", tally or "no checks", ""]
    rows = [result for result in results if result.needs_attention]
    if rows:
        lines += ["| check | status | detail | what to do |", "|---|---|---|---|"]
    for one in rows:
        what = f"{one.meaning} {one.remedy}"
        lines.append(f"| {one.name} | {one.status} | {_cell(one.detail)} | {_cell(what)} |")
    return "\n".join(lines) + "\n"


def _annotation(result: Result) -> str:
    text = f"{result.detail}\n{result.meaning} {result.remedy}"
    for letter, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(letter, code)
    return f"::{_ANNOTATION[result.status]} title=verify {result.name}::{text}"


def _cell(text: str) -> str:
    """Text of a Markdown table: no line ends, no column ends, no markup."""
    plain = _printable(text)
    for letter in "\\|`<>*_[]":
        plain = plain.replace(letter, f"\\{letter}" if letter not in "<>" else {"<": "&lt;", ">": "&gt;"}[letter])
    return plain


def _one(result: Result) -> dict[str, str]:
    data = {"group": result.group, "check": result.name, "status": result.status.value, "detail": result.detail}
    if not result.needs_attention:
        return data
    return {**data, "cause": result.cause, "meaning": result.meaning, "remedy": result.remedy}


def _printable(text: str) -> str:
    """The text without control characters, most of which XML 1.0 cannot hold."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
