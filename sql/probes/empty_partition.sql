-- A day on which nothing was updated: of a table that is partitioned by day, BigQuery reads no byte for it.
SELECT COUNT(page_name) AS page_count
FROM `${project}`.`${dataset}`.`${table}`
WHERE last_updated >= TIMESTAMP '1971-01-01 00:00:00+00' AND last_updated < TIMESTAMP '1971-01-02 00:00:00+00';
