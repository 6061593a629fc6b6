"""Write the list of checks into docs/verify.md: `python docs/list_checks.py`. A test compares the file with it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sim.warehouse.verify.checks import Check
from sim.warehouse.verify.difference import CHECKS as AGAINST
from sim.warehouse.verify.running import all_checks

PAGE = Path(__file__).with_name("verify.md")
BEGIN, END = "<!-- checks: begin -->\n", "<!-- checks: end -->"


def listed() -> str:
    """A table of all checks, by group."""
    lines = ["| group | check | question | options |", "|---|---|---|---|"]
    lines += [_row(check) for check in (*all_checks(), *AGAINST)]
    return "\n".join(lines) + "\n"


def _row(check: Check) -> str:
    options = ", ".join(f"`--{one.name.replace('_', '-')}`" for one in check.thresholds)
    question = check.question.split("? ")[0].rstrip("?") + "?"
    return f"| {check.group} | `{check.name}` | {question} | {options} |"


def page() -> str:
    """The whole page, with the list as it should be."""
    before, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
    return before + BEGIN + listed() + END + rest.split(END, 1)[1]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
