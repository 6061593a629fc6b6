"""BigQuery as a warehouse target."""
