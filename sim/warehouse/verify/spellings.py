"""Page names that are one to a person and two to a join, where SQL cannot tell: the engines fold Unicode differently.

`contents_pages.sql` finds blanks, case, and invisible characters. Here the distinct names are compared as Unicode's
NFKC case folding sees them (Unicode Standard, 3.13, D147), with letters of other scripts that look Latin, and with
UTF-8 that was read as Latin-1. What only resembles another name, by an accent or a separator, is a warning: it may be
another account.
"""

import unicodedata
from collections.abc import Callable, Iterable
from itertools import chain

from sim.warehouse.base import Target
from sim.warehouse.verify.checks import Check
from sim.warehouse.verify.results import Result, Status
from sim.warehouse.verify.table import missing_columns

PROBE = "page_names"
LOOKALIKES = Check(
    "contents_lookalikes",
    "contents",
    "Do page names differ that look the same, such as full-width or Cyrillic letters?",
    "One page has several spellings: its captions are counted and ranked apart.",
    "Choose one spelling, update the rows, and normalise names where they enter.",
)
CHECKS = (LOOKALIKES,)
_INVISIBLE = frozenset(
    map(chr, chain((0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0), range(0x180B, 0x1810)))
) | frozenset(map(chr, chain(range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))))
_CYRILLIC = str.maketrans("авекмнорстухіѕјһԁԛԝ", "abekmhopctyxisjhdqw")
_GREEK = str.maketrans("αβεικνορτυχ", "abeikvoptux")
_WORDS_FOR_NOTHING = {"", "null", "none", "nan", "n/a", "undefined", "#n/a"}
_SHOWN = 3


def folded(name: str) -> str:
    """The name by NFKC and case folding, without blanks and invisible characters."""
    text = unicodedata.normalize("NFKC", _visible(name)).casefold()
    return unicodedata.normalize("NFKC", _visible(text))


def _visible(text: str) -> str:
    kept = (one for one in text if not one.isspace() and one not in _INVISIBLE)
    return "".join(one for one in kept if unicodedata.category(one) not in {"Cf", "Cc", "Zs", "Zl", "Zp"})


def latin(name: str) -> str:
    """The folded name with Cyrillic and Greek letters as the Latin ones that they look like."""
    return folded(name).translate(_CYRILLIC).translate(_GREEK)


def decoded(name: str) -> str:
    """The folded name, where it is UTF-8 that was read as Latin-1 or Windows-1252 read right."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return folded(name.encode(encoding).decode("utf-8"))
        except (UnicodeEncodeError, UnicodeDecodeError):
            continue
    return folded(name)


def letters(name: str) -> str:
    """The letters and digits of the name, without accents."""
    parts = unicodedata.normalize("NFKD", latin(name))
    return "".join(one for one in parts if one.isalnum())


def check_spellings(target: Target, table: str, *, part: bool) -> list[Result]:
    """Compare the names of all pages. `part`: only some rows are asked about, so the check is skipped."""
    if missing_columns(target.describe(table)):
        return [Result(LOOKALIKES, Status.SKIP, "the table is missing, or lacks columns")]
    if part:
        return [Result(LOOKALIKES, Status.SKIP, "needs the whole table; run without --since")]
    found = target.query(target.statement(f"probes/{PROBE}", table=table)).to_pylist()
    return [judge([row["page_name"] for row in found])]


def judge(names: Iterable[str]) -> Result:
    """Fail for two names of one page, or a name that says nothing; warn of names that resemble each other."""
    distinct = sorted(set(names))
    empty = [name for name in distinct if folded(name) in _WORDS_FOR_NOTHING]
    same = [pair for key in (folded, latin, decoded) for pair in _pairs(distinct, key)]
    alike = _pairs(distinct, letters)
    if empty or same:
        return Result(LOOKALIKES, Status.FAIL, "; ".join([*map(_named_nothing, empty[:_SHOWN]), *_shown(same)]))
    if alike:
        return Result(LOOKALIKES, Status.WARN, f"alike but for accents or separators: {'; '.join(_shown(alike))}")
    return Result(LOOKALIKES, Status.PASS, f"{len(distinct)} page names, no two of which look the same")


def _named_nothing(name: str) -> str:
    return f"a page is named {name!a}"


def _pairs(names: list[str], key: Callable[[str], str]) -> list[tuple[str, str]]:
    """The names that have the key of an earlier one, with that one."""
    first: dict[str, str] = {}
    return [(earlier, name) for name in names if (earlier := first.setdefault(key(name), name)) is not name]


def _shown(pairs: list[tuple[str, str]]) -> list[str]:
    """Escaped, since the difference may be invisible."""
    distinct = list(dict.fromkeys(pairs))
    more = [f"and {len(distinct) - _SHOWN} more"] if len(distinct) > _SHOWN else []
    return [f"{one!a} and {other!a}" for one, other in distinct[:_SHOWN]] + more
