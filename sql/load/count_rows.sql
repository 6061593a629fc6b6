-- Totals of a table without a checksum of its own: its rows, counted by reading them.
SELECT COUNT(*) AS row_count, 0 AS distinct_keys, 0 AS checksum
FROM `${project}`.`${dataset}`.`${table}`;
