"""BigQuery as a warehouse target. The client library is imported when the target is opened."""

from sim.warehouse.bigquery.target import BigQueryTarget

TARGET = BigQueryTarget
