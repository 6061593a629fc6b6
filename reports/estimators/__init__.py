"""Statistical estimators: intervals, paired comparisons, ranks, power."""
