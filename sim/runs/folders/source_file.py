"""What a run says about the file of counts that it takes as the world; nothing in other worlds."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

from sim.files import replacing

if TYPE_CHECKING:
    from sim.scenario import Scenario, TableSection
    from sim.worlds.table.source import Counted

CAPTIONS = "captions.parquet"
"""Ids of captions that are texts in the file: one row per caption, `caption_id` and `caption`."""


def remarks(scenario: "Scenario") -> list[str]:
    """What a reader of the results has to know about the file."""
    counted = _counted(scenario)
    if counted is None:
        return []
    found = []
    if alone := counted.choiceless_pages:
        pages = len(counted.page_names)
        found.append(
            f"{alone:,} of {pages:,} pages have one caption only: every policy sends it, and its regret there is 0"
        )
    if names := counted.caption_names:
        text = next((name for name in names if not name.isdecimal()), names[0])
        found.append(
            f"captions are texts, such as {text[:40]!r}: they are numbered from 1, and {CAPTIONS} says which is which"
        )
    return found


def write_captions(scenario: "Scenario", run: Path) -> list[str]:
    """Write `CAPTIONS` where captions are texts; returns the names of the files written."""
    import polars as pl  # noqa: PLC0415 - slow to import

    counted = _counted(scenario)
    if counted is None or counted.caption_names is None:
        return []
    names = pl.DataFrame({"caption_id": counted.caption_ids, "caption": counted.caption_names})
    with replacing(run / CAPTIONS) as temporary:
        names.unique("caption_id").sort("caption_id").write_parquet(temporary)
    return [CAPTIONS]


def _counted(scenario: "Scenario") -> "Counted | None":
    if scenario.source_path is None:
        return None
    from sim.worlds.table.source import counts_of  # noqa: PLC0415 - imports NumPy

    return counts_of(cast("TableSection", scenario.world))
