"""The results for people (a table), for programs (JSON) and for CI (JUnit XML)."""

from collections import Counter
from collections.abc import Sequence
from io import StringIO
from typing import Any
from xml.etree import ElementTree

from sim.warehouse.verify.results import STATUSES, Result

_STYLE = {"pass": "green", "warn": "yellow", "fail": "bold red", "skip": "dim"}


def as_data(target: str, results: Sequence[Result]) -> dict[str, Any]:
    """What `--json` prints: the target, how many of each status, and every result."""
    return {"target": target, "summary": counts(results), "results": [_one(result) for result in results]}


def counts(results: Sequence[Result]) -> dict[str, int]:
    """How many results have each status, all four named."""
    found = Counter(result.status for result in results)
    return {status: found[status] for status in STATUSES}


def as_text(results: Sequence[Result], *, width: int = 140, color: bool = False) -> str:
    """A table, then for whatever did not pass: what it means and what to do."""
    from rich.console import Console  # noqa: PLC0415  (slow to import)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table("group", "check", "status", "detail")
    for result in results:
        status = Text(result.status, style=_STYLE[result.status])
        table.add_row(result.group, result.check, status, Text(result.detail))
    written = StringIO()
    console = Console(file=written, width=width, force_terminal=color, color_system="standard" if color else None)
    console.print(table)
    for result in results:
        if result.status in {"warn", "fail"}:
            console.print(Text(f"{result.check}: {result.meaning} {result.remedy}"))
    return written.getvalue().rstrip("\n")


def as_junit(target: str, results: Sequence[Result]) -> str:
    """JUnit's form: a suite a group, a case a check; a warning passes, with its words in system-out."""
    suites = ElementTree.Element("testsuites", name=f"verify {_printable(target)}")
    for group in dict.fromkeys(result.group for result in results):
        cases = [result for result in results if result.group == group]
        tally = counts(cases)
        numbers = {"tests": len(cases), "failures": tally["fail"], "skipped": tally["skip"], "errors": 0}
        suite = ElementTree.SubElement(suites, "testsuite", {"name": group, **{k: str(v) for k, v in numbers.items()}})
        for result in cases:
            _case(suite, result)
    ElementTree.indent(suites)
    written = str(ElementTree.tostring(suites, encoding="unicode"))
    return f'<?xml version="1.0" encoding="utf-8"?>\n{written}\n'


def _case(suite: ElementTree.Element, result: Result) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname=f"verify.{result.group}", name=result.check)
    detail = _printable(result.detail)
    if result.status == "fail":
        ElementTree.SubElement(case, "failure", message=detail).text = f"{result.meaning} {result.remedy}"
    elif result.status == "skip":
        ElementTree.SubElement(case, "skipped", message=detail)
    else:
        ElementTree.SubElement(case, "system-out").text = f"{result.status}: {detail}"


def _one(result: Result) -> dict[str, str]:
    told = {"group": result.group, "check": result.check, "status": result.status, "detail": result.detail}
    return {**told, "meaning": result.meaning, "remedy": result.remedy} if result.status in {"warn", "fail"} else told


def _printable(text: str) -> str:
    """XML 1.0 has no place for most control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
