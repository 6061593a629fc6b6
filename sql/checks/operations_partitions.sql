-- Do rows lie in partitions beyond the usual retention? Captions not touched for so long are never refreshed again.
-- group: operations
-- meaning: Old partitions are kept: captions there are never refreshed.
-- remedy: Archive or retire these captions.
-- option: partition_days = 90; warn of rows older than this
-- scope: table
SELECT
  'operations_partitions' AS `check`,
  CASE
    WHEN COUNT(*) = 0 THEN 'skip'
    WHEN COUNTIF(${as_of_us} - UNIX_MICROS(last_updated) > ${partition_days} * 86400e6) > 0 THEN 'warn'
    ELSE 'pass'
  END AS status,
  CONCAT(CAST(COUNTIF(${as_of_us} - UNIX_MICROS(last_updated) > ${partition_days} * 86400e6) AS STRING), ' of ', CAST(COUNT(*) AS STRING),
    ' rows are in older partitions than allowed') AS detail
FROM `${project}`.`${dataset}`.`${table}`;
