"""For every check: what it means when it does not pass, and what to do."""

_REDEPLOY = "Look at the difference with `deploy --dry-run`; then `deploy`, with --replace over another function."
_RECREATE = "Create the table anew from sql/ddl, copy the rows over, and swap the two."
_RECOMPUTE = "Recompute the column from successes and failures with the deployed function, in one UPDATE."
_UPDATE_JOB = "Look at the schedule and the last errors of the update job."

MEANINGS: dict[str, tuple[str, str]] = {
    "table_exists": ("There is no such table.", "Run `deploy` or `seed`, or name another with --table."),
    "table_columns": ("Names or order of the columns differ: positional inserts go wrong.", _RECREATE),
    "table_types": ("A column has another type: loads fail or values are rounded.", _RECREATE),
    "table_modes": (
        "A column may be NULL that must not be, or the reverse.",
        "ALTER COLUMN … DROP NOT NULL, or " + _RECREATE,
    ),
    "table_defaults": (
        "New rows start without the prior or the time stamp.",
        "ALTER COLUMN … SET DEFAULT as in sql/ddl.",
    ),
    "table_key": (
        "The key is not declared: joins are planned worse, and tools do not know it.",
        "ALTER TABLE … ADD PRIMARY KEY (caption_id, page_name) NOT ENFORCED.",
    ),
    "table_partition": ("Not partitioned by day of last_updated: every query reads the whole table.", _RECREATE),
    "table_cluster": (
        "Clustering differs: queries by page read more than they need.",
        "Set the clustering columns as in sql/ddl.",
    ),
    "table_options": (
        "Description or labels differ: costs and owners are harder to find.",
        "ALTER TABLE … SET OPTIONS as in sql/ddl.",
    ),
    "identity_bounds": ("The project's wilson_score_bounds is not there.", _REDEPLOY),
    "identity_sample": ("The project's wilson_sample is not there: never deployed, or replaced.", _REDEPLOY),
    "bounds_grid": ("The bounds are wrong at the edges of the counts.", _REDEPLOY),
    "bounds_pairs": ("The bounds are wrong for ordinary counts: every stored interval is.", _REDEPLOY),
    "bounds_reference_rows": ("The bounds differ from the published reference rows.", _REDEPLOY),
    "bounds_symmetry": ("Successes and failures are not treated alike.", _REDEPLOY),
    "bounds_monotone": ("More successes can lower the interval: captions are ranked wrongly.", _REDEPLOY),
    "bounds_nulls": ("A NULL count is taken for a number.", _REDEPLOY),
    "bounds_negative": (
        "Negative counts give a credible interval: corrupt rows go unnoticed.",
        "Check counts before use; see contents_ranges.",
    ),
    "sample_inside": ("Draws fall outside the interval: captions are sent that should not be.", _REDEPLOY),
    "sample_uniform": ("Draws are not uniform on the interval: exploration is another than specified.", _REDEPLOY),
    "sample_mean": ("Draws are biased: captions are systematically over- or under-rated.", _REDEPLOY),
    "sample_independent": (
        "Draws of neighbouring rows go together: captions win or lose in groups.",
        "Write the function as one expression; see sql/udf.",
    ),
    "sample_resolution": (
        "Draws are coarse, as of 32 bits: heavy captions tie.",
        "Compute in FLOAT64 throughout; see sql/udf.",
    ),
    "sample_clamped": ("Draws are not clamped to [0, 1].", _REDEPLOY),
    "sample_nulls": ("A NULL count gives a draw.", _REDEPLOY),
    "sample_distinct_constant": (
        "One draw is shared by all rows of a query with constant arguments.",
        "Write the function as one expression; see sql/udf.",
    ),
    "sample_distinct_rows": (
        "Rows with equal counts share one draw: every cold caption ties.",
        "Write the function as one expression; see sql/udf.",
    ),
    "sample_two_references": (
        "A draw changes between two uses: filter and order disagree.",
        "Materialise the draw in a temporary table first.",
    ),
    "contents_keys": (
        "Captions stand in several rows of a page: they are drawn more often.",
        "Keep the row last updated of each key.",
    ),
    "contents_nulls": (
        "Counts are NULL: their captions are never sent.",
        "Set them to their defaults; find the writer of explicit NULLs.",
    ),
    "contents_ranges": ("Values are impossible: a writer is broken.", "Look at the rows, and at what wrote them."),
    "contents_bounds": ("Stored bounds are stale or wrong: readers of the table see other intervals.", _RECOMPUTE),
    "contents_exploration": ("exploration_score is stale or wrong.", _RECOMPUTE),
    "contents_percentiles": (
        "Percentiles are stale: reports rank captions wrongly.",
        "Run the last step of the update job over the whole table.",
    ),
    "contents_times": (
        "A caption was used after its row was updated: clocks or writers disagree.",
        "Find the writer that sets last_used alone.",
    ),
    "contents_observations": (
        "Labels and observations do not add up.",
        "Fewer labels: messages without EMV. More, or no prior: look at the roll-up.",
    ),
    "contents_recount": (
        "Messages are counted more than once: intervals are far too narrow.",
        "Count each message once: keep a watermark in the roll-up.",
    ),
    "operations_staleness": ("The statistics are old: policies choose by last week's luck.", _UPDATE_JOB),
    "operations_partitions": (
        "Old partitions are kept: captions there are never refreshed.",
        "Archive or retire these captions.",
    ),
    "operations_unused": (
        "Many captions were not used since their row was made: the update job leaves last_used NULL in a new row.",
        "Sent before: usual where the bank is large. Never sent: look at eligibility, quotas and exploration.",
    ),
    "operations_source": (
        "No new messages arrive: the update job counts old ones again.",
        "Look at the load of the send log.",
    ),
    "operations_rate": (
        "Few messages arrive: the statistics hardly move.",
        "Look at the sending schedule and at the load of the send log.",
    ),
}
