"""The captions that a policy sent most, by name, where captions of the source file are texts."""

import polars as pl

from sim.runs.run import StoredRun


def most_sent(run: StoredRun, policy: str, names: pl.DataFrame, count: int) -> pl.DataFrame | None:
    """`count` rows, most sent first: `caption`, `sends` of all pages and their `share`, in the last replication.

    `names` has `caption_id` and `caption`, as captions.parquet. None where the run keeps no statistics, or the policy
    has none yet. Ties are in the order of the texts.
    """
    if run.scenario.record.stats == "none":
        return None
    stats = run.stats(policy, run.scenario.replications - 1)
    if not len(stats):
        return None
    sends = stats.group_by("caption_id").agg(pl.col("total_observations").sum().alias("sends"))
    return (
        sends.join(names, on="caption_id")
        .with_columns((pl.col("sends") / pl.col("sends").sum()).alias("share"))
        .sort(["sends", "caption"], descending=[True, False])
        .select("caption", "sends", "share")
        .head(count)
    )
