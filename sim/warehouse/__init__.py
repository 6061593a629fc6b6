"""Where tables and functions live: Parquet folders, DuckDB files, BigQuery datasets, behind one interface (`base`)."""
