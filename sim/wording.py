"""Words that messages share: suggestions for a misspelt name, singular and plural."""

import difflib
from collections.abc import Iterable

MAX_WORD = 60
MAX_LISTED = 24
LEAST_BEGUN = 3  # letters that may stand for a longer name


def near(word: str, known: Iterable[str], count: int = 1) -> list[str]:
    """At most `count` known names that a misspelt one may mean: those that look like it, then those it begins."""
    names, word = list(known), word[:MAX_WORD]
    close = difflib.get_close_matches(word, names, n=count)
    if len(close) == count or len(word) < LEAST_BEGUN:
        return close
    begun = [name for name in names if name.startswith(word) and " " not in name and name not in close]
    return [*close, *sorted(begun, key=len)][:count]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`; did you mean "means"?`, or, where no name is near and there are few, `; known: a, b`."""
    names = list(known)
    if close := near(word, names):
        return f'; did you mean "{close[0]}"?'
    return f"; known: {', '.join(names)}" if 0 < len(names) <= MAX_LISTED else ""


def count_of(number: int, singular: str, plural: str = "") -> str:
    """`1 policy`, `2 policies`, `1,000 rows`: with thousands separators; the plural is singular + s by default."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
