"""Statistical estimators: intervals, paired comparisons, ranks, power."""

from reports.estimators.intervals import mean_interval, paired_difference, share_interval

__all__ = ["mean_interval", "paired_difference", "share_interval"]
