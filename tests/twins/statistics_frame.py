"""Statistics of captions as a frame, for comparisons."""

import polars as pl

from sim.tables.caption_stats import stats_arrow
from sim.worlds.base import CaptionCounts


def stats_frame(counts: CaptionCounts) -> pl.DataFrame:
    """The rows of caption_bandit_stats, ordered by page and caption."""
    frame = pl.from_arrow(stats_arrow(counts))
    assert isinstance(frame, pl.DataFrame)
    return frame
