-- Do rows lie in partitions beyond the usual retention? Captions not touched for so long are never refreshed again.
SELECT
  'operations_partitions' AS `check`,
  CASE
    WHEN COUNT(*) = 0 THEN 'skip'
    WHEN COUNTIF(${as_of_us} - UNIX_MICROS(last_updated) > ${days} * 86400e6) > 0 THEN 'warn'
    ELSE 'pass'
  END AS status,
  CONCAT(CAST(COUNTIF(${as_of_us} - UNIX_MICROS(last_updated) > ${days} * 86400e6) AS STRING), ' of ', CAST(COUNT(*) AS STRING),
    ' rows are in older partitions than allowed') AS detail
FROM `${project}`.`${dataset}`.`${table}`;
