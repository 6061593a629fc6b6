"""What the table of caption statistics adds: how often the update job runs, and whether it counts messages again."""

from typing import TYPE_CHECKING

import numpy as np

from sim.calibration.figures import Figure, unknown
from sim.calibration.log import NO_CAPTION, Sends, times_and_counts
from sim.errors import InputError
from sim.units import HOUR_S
from sim.warehouse.base import STATS
from sim.warehouse.send_logs import collect_log, column_names, of_unchanged, scan_log

if TYPE_CHECKING:
    import polars as pl

NEEDED = ("page_name", "caption_id", "total_observations", "last_updated")
REFRESH, COUNTING = "feedback.refresh_hours", "feedback.counting"
AGAIN = 1.5  # counts per message above which messages are counted again
LEAST_TIMES = 5  # distinct times of update


@of_unchanged
def read_statistics(source: str) -> "pl.DataFrame":
    """Times of update and counts of the rows with a time; InputError where a column is missing or unfit."""
    import polars as pl  # noqa: PLC0415

    frame = scan_log(source, table=STATS, as_text=True)
    present = column_names(source, frame)
    for name in NEEDED:
        if name not in present:
            raise InputError(f"{source}: missing column {name!r} of caption_bandit_stats; it has {', '.join(present)}")
    seconds, counts = times_and_counts(
        source, collect_log(source, frame.select(NEEDED)), "last_updated", "total_observations"
    )
    return pl.DataFrame({"last_updated": seconds, "total_observations": counts})


def statistics_figures(sends: Sends, table: "pl.DataFrame | None") -> list[Figure]:
    """Interval of the update job, and how it counts."""
    if table is None:
        return [unknown(key, "needs --stats") for key in (REFRESH, COUNTING)]
    return [_refresh(table), _counting(sends, table)]


def _refresh(table: "pl.DataFrame") -> Figure:
    times = np.unique(table["last_updated"].to_numpy())
    if len(times) < LEAST_TIMES:
        return unknown(REFRESH, f"the table was updated at {len(times)} times only")
    gaps = np.diff(times) / HOUR_S
    found = float(np.round(np.median(gaps[gaps >= 0.25]) if (gaps >= 0.25).any() else 0.25, 2))
    return Figure(REFRESH, found, float(gaps.min()), float(gaps.max()), note="gaps between updates, least to most")


def _counting(sends: Sends, table: "pl.DataFrame") -> Figure:
    counted = int(table["total_observations"].sum())
    named = int((sends.caption != NO_CAPTION).sum())
    if named == 0 or counted == 0:
        return unknown(COUNTING, "no message can be matched with the table")
    factor = counted / named
    note = f"the table counts {counted:,} messages, the log names the captions of {named:,}: {factor:.2f} times"
    return Figure(COUNTING, "every_refresh" if factor > AGAIN else "once", note=note)
