"""The write guard: nothing is written to BigQuery unless it is allowed twice, and never to production.

A write needs the dataset in an allow-list (CAPTION_SIM_ALLOW_WRITE holds `PROJECT.DATASET`s apart by commas, or the
path of a file with one a line) **and** the command's `--allow-write PROJECT.DATASET`, equal to the letter. The
production dataset is refused whatever these say, in any spelling. All of it happens on names alone, before a client
exists.
"""

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sql
from sim.errors import StorageError, WriteNotPermittedError
from sim.warehouse.base import TargetSpec, parse_target

VARIABLE = "CAPTION_SIM_ALLOW_WRITE"
PRODUCTION = ("of-scheduler-proj", "eros_scheduling_brain")


@dataclass(frozen=True)
class WritePermit:
    """Leave to write to one BigQuery dataset; made by `permit` only."""

    project: str
    dataset: str


def writing(
    target: str, allow_write: str | None, environment: Mapping[str, str] = os.environ
) -> tuple[TargetSpec, WritePermit | None]:
    """What a writing command needs of its TARGET, as the user typed it: the parsed target and the leave to write."""
    refuse_production(target)
    spec = parse_target(target)
    return spec, permit(spec, allow_write, environment)


def permit(
    spec: TargetSpec, allow_write: str | None, environment: Mapping[str, str] = os.environ
) -> WritePermit | None:
    """Permission to write to `spec`, None for local targets; WriteNotPermittedError where the rules do not hold."""
    if spec.kind != "bigquery":
        return None
    refuse_production(spec.place)
    name = dataset_name(spec.place)
    if allow_write != name:
        raise WriteNotPermittedError(
            f"writing to {name} wants --allow-write {name}"
            if allow_write is None
            else f"--allow-write {allow_write!r} is not the dataset written to, {name}",
            "repeat the dataset exactly: it is what stands between a slip and someone's table",
        )
    if name not in allowed(environment):
        raise WriteNotPermittedError(
            f"{name} is not in the allow-list", f"name it in {VARIABLE}, or in the file that {VARIABLE} points to"
        )
    return WritePermit(*name.split("."))


def allowed(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The datasets of the allow-list; WriteNotPermittedError for an entry that is no plain PROJECT.DATASET."""
    text = environment.get(VARIABLE, "")
    if "/" in text or text.endswith((".txt", ".list")):
        text = _read(Path(text))
    entries = [line.split("#")[0].strip() for line in re.split(r"[,\n]", text)]
    return frozenset(dataset_name(entry) for entry in entries if entry)


def dataset_name(text: str) -> str:
    """`text`, if it is a plain `PROJECT.DATASET`; else WriteNotPermittedError."""
    parts = text.split(".")
    if len(parts) != 2 or not sql.PROJECT.fullmatch(parts[0]) or not sql.DATASET.fullmatch(parts[1]):
        raise WriteNotPermittedError(f"{text!r} is not a plain PROJECT.DATASET")
    return text


def refuse_production(*names: str) -> None:
    """WriteNotPermittedError if any of the names is, or could be read as, the production dataset or something in it."""
    production = _skeleton("".join(PRODUCTION))
    for name in names:
        if production in _skeleton(name):
            raise WriteNotPermittedError(
                f"{name!r} names the production dataset", "it is never written to; use a dataset of your own"
            )


# What looks like a Latin letter and stays itself under compatibility normalisation and case folding.
_LOOK_ALIKES = {
    ord(alike): latin
    for latin, alikes in {
        "a": "\u0430\u0251\u03b1\u237a",
        "b": "\u042c\u044c\u0432\u0253\u13cf\u03b2",
        "c": "\u0441\u03f2\u1d04\u0188",
        "d": "\u0501\u0257\u13e7",
        "e": "\u0435\u0454\u03b5\u025b\u04bd\u212e3",
        "f": "\u0493\u017f\u0584",
        "g": "\u0261\u0581\u0262",
        "h": "\u04bb\u0570\u043d",
        "i": "\u0456\u0131\u03b9\u0269\u04cf\u01c0l1|!",
        "j": "\u0458\u03f3",
        "n": "\u0578\u03b7\u043f",
        "o": "\u043e\u03bf\u0585\u03c3\u0275\u00f80",
        "p": "\u0440\u03c1\u2374",
        "r": "\u0433\u027c\u0433\u1d26",
        "s": "\u0455\u051b\ua731\u01bd5$",
        "u": "\u057d\u03c5\u028b\u0446",
    }.items()
    for alike in alikes
}


def _skeleton(name: str) -> str:
    """What a reader sees in a name: look-alikes folded, case, marks and everything but letters dropped."""
    folded = unicodedata.normalize("NFKD", name).casefold().translate(_LOOK_ALIKES)
    return re.sub(r"[^a-z]", "", folded)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise StorageError(f"the allow-list {path} cannot be read", f"it is named by {VARIABLE}") from error
