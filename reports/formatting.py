"""Numbers and tables as people read them."""

import math
import re
from collections.abc import Sequence
from textwrap import fill

COLUMNS = 80  # of a terminal
SHORTEST = 12  # columns of a name that is shortened

GAP = "  "  # between the columns of a table
_BREAK = re.compile(r"(?<= )|(?<=\.)(?=[a-z_])")  # where a title may be broken


def number(value: float | None, digits: int = 4) -> str:
    """`digits` significant digits, thousands separated, never an exponent between 1e-4 and 1e15; a dash for nothing.

    A negative number has a minus sign, not a hyphen.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = int(f"{value:.{digits - 1}e}".partition("e")[2])  # after rounding: 999.96 is a four-digit 1,000
    if not -5 < size < 15:
        return f"{value:.{digits - 1}e}"
    text = f"{value:,.{max(0, digits - 1 - size)}f}".replace("-", "−")
    return text.rstrip("0").rstrip(".") if "." in text and float(value).is_integer() else text


def rounded(value: float, digits: int = 3) -> float:
    """A value with `digits` significant digits."""
    return float(f"{value:.{digits - 1}e}")


def percent(share: float | None) -> str:
    """A share as a percentage, with a decimal below 10 %."""
    if share is None or not math.isfinite(share):
        return "–"
    per_cent = 100 * share
    text = f"{per_cent:.1f}" if 0 < abs(per_cent) < 9.95 or 99 < per_cent < 100 else f"{per_cent:.0f}"
    return f"{text.replace('-', '−')} %"


def interval(low: float | None, high: float | None, digits: int = 4) -> str:
    """`[low, high]`, or a dash where one replication gives none."""
    return "–" if low is None or high is None else f"[{number(low, digits)}, {number(high, digits)}]"


def percent_interval(low: float | None, high: float | None) -> str:
    """Shares between which another lies."""
    return f"{percent(low)} to {percent(high)}"


def p_value(p: float | None) -> str:
    """Three decimals; very small ones as a bound."""
    if p is None:
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def duration(seconds: float) -> str:
    """Rough words for a time."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def storage(count: float) -> str:
    """Bytes in decimal units."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def wrapped(sentence: str) -> str:
    """A sentence in lines shorter than `COLUMNS`; numbers stay with their per cent signs."""
    return fill(sentence.replace(" %", "\xa0%"), COLUMNS - 1, break_on_hyphens=False).replace("\xa0", " ")


def hanging(text: str, indent: int, width: int = COLUMNS - 1) -> str:
    """A text in lines of `width`, all but the first indented."""
    return fill(text, width, subsequent_indent=" " * indent, break_on_hyphens=False)


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Plain aligned columns, the first to the left, the others to the right.

    Headers are broken into lines, at spaces and between the parts of a scenario key, where the table is wider than
    `COLUMNS` otherwise. Where that is not enough, the longest names lose their middle: `a_policy…of_mine`.
    """
    widths = _fitted(_widths(header, rows), header, rows)
    short = [[_shortened(cell, width) for cell, width in zip(row, widths, strict=True)] for row in rows]
    return "\n".join(_aligned(row, widths) for row in (*_broken(header, widths), *short))


def _widths(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Of each column: its longest text, or, where the table is too wide so, its longest cell and part of a header."""
    cells = [max((len(row[i]) for row in rows), default=0) for i in range(len(header))]
    widths = [max(width, len(title)) for width, title in zip(cells, header, strict=True)]
    if _total(widths) <= COLUMNS:
        return widths
    return [max(width, _longest_part(title)) for width, title in zip(cells, header, strict=True)]


def _total(widths: Sequence[int]) -> int:
    """Columns of a terminal that the table takes."""
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _longest_part(title: str) -> int:
    return max(len(part.rstrip()) for part in _BREAK.split(title))


def _fitted(widths: list[int], header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """Widths of which the largest are reduced until the table fits: none below `SHORTEST`, nor below its numbers."""
    numbers = [max((len(row[i]) for row in rows if not _has_name(row[i])), default=0) for i in range(len(header))]
    least = [max(SHORTEST, width) for width in numbers]
    while _total(widths) > COLUMNS:
        widest = max((i for i in range(len(widths)) if widths[i] > least[i]), key=lambda i: widths[i], default=None)
        if widest is None:
            break
        widths[widest] -= 1
    return widths


def _has_name(cell: str) -> bool:
    return any(letter.isalpha() for letter in cell)


def _shortened(cell: str, width: int) -> str:
    """The cell without its middle, where it is too long: names often differ at their ends."""
    if len(cell.rstrip()) <= width:
        return cell
    head = width // 2
    return f"{cell[:head]}…{cell[len(cell) - (width - 1 - head) :]}"


def _broken(header: Sequence[str], widths: Sequence[int]) -> list[list[str]]:
    """The lines of a header, whose last line stands above the cells."""
    titles = [_filled(title, width) for title, width in zip(header, widths, strict=True)]
    most = max(len(each) for each in titles)
    return [list(line) for line in zip(*([""] * (most - len(each)) + each for each in titles), strict=True)]


def _filled(title: str, width: int) -> list[str]:
    """The lines of a title, each with as many of its parts as fit."""
    lines = [""]
    for part in (_shortened(part, width) for part in _BREAK.split(title)):
        if len((lines[-1] + part).rstrip()) > width:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.rjust(width) if i else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return GAP.join(cells).rstrip()


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A pipe table, the first column to the left, the others to the right; cells are Markdown, bars escaped."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
