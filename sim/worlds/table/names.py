"""Names that a reader cannot tell apart: one page or caption written in two ways would silently be two."""

import unicodedata
from collections.abc import Iterable


def canonical(name: str) -> str:
    """The name as it looks: composed (NFC), without invisible characters, with single blanks.

    Letters of another case, and compatibility characters such as a superscript, make other names.
    """
    visible = "".join(one for one in name if unicodedata.category(one) != "Cf")
    return unicodedata.normalize("NFC", " ".join(visible.split()))


def lookalike(names: Iterable[str]) -> tuple[str, str] | None:
    """The first name that looks like an earlier one but is another text, as (earlier, name); None without one."""
    seen: dict[str, str] = {}
    for name in names:
        earlier = seen.setdefault(canonical(name), name)
        if earlier != name:
            return earlier, name
    return None
