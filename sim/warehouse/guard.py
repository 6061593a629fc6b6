"""The write guard: BigQuery is written to only with permission given in two places, and production never.

A write requires the dataset in an allow-list (CAPTION_SIM_ALLOW_WRITE holds `PROJECT.DATASET` names separated by
commas, or the path of a file with one per line) **and** the command's `--allow-write PROJECT.DATASET`, an exact match.
The production dataset is refused whatever these say. All of it is decided on names alone, before a client exists.

Names that are not plain ASCII never get further than `dataset_name`: look-alike letters are refused by the grammar.
"""

import os
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sql
from sim.errors import StorageError, WriteNotPermittedError

VARIABLE = "CAPTION_SIM_ALLOW_WRITE"
PRODUCTION = ("of-scheduler-proj", "eros_scheduling_brain")


@dataclass(frozen=True)
class WritePermission:
    """Permission to write to one BigQuery dataset; made by `permission` only."""

    project: str
    dataset: str


def permission(place: str, allow_write: str | None, environment: Mapping[str, str] = os.environ) -> WritePermission:
    """Permission to write to the dataset `place` (PROJECT.DATASET); else WriteNotPermittedError."""
    refuse_production(place)
    name = dataset_name(place)
    if allow_write != name:
        raise WriteNotPermittedError(
            f"writing to {name} requires --allow-write {name}"
            if allow_write is None
            else f"--allow-write {allow_write!r} is not the dataset to write to, {name}",
            "repeat the dataset exactly: this protects the tables of others against a slip",
        )
    if name not in allowed(environment):
        raise WriteNotPermittedError(
            f"{name} is not in the allow-list", f"name it in {VARIABLE}, or in the file that {VARIABLE} points to"
        )
    return WritePermission(*name.split("."))


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
    """WriteNotPermittedError if any of the names is the production dataset or something in it, however it is written.

    Case, quotes, blanks, separators and compatibility forms of letters do not matter.
    """
    production = _letters("".join(PRODUCTION))
    for name in names:
        if production in _letters(name):
            raise WriteNotPermittedError(
                f"{name!r} names the production dataset", "it is never written to; use a dataset of your own"
            )


def _letters(name: str) -> str:
    """The Latin letters of a name: normalised (NFKD), in lower case, without anything else."""
    return re.sub(r"[^a-z]", "", unicodedata.normalize("NFKD", name).casefold())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise StorageError(f"the allow-list {path} cannot be read", f"it is named by {VARIABLE}") from error
