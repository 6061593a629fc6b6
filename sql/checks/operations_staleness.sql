-- How long ago was the table last updated? The update job runs every 6 hours.
SELECT
  'operations_staleness' AS `check`,
  CASE
    WHEN MAX(last_updated) IS NULL THEN 'skip'
    WHEN ${as_of_us} - UNIX_MICROS(MAX(last_updated)) > ${critical_hours} * 3600e6 THEN 'fail'
    WHEN ${as_of_us} - UNIX_MICROS(MAX(last_updated)) > ${warn_hours} * 3600e6 THEN 'warn'
    ELSE 'pass'
  END AS status,
  CONCAT('last updated ',
    COALESCE(CAST(ROUND((${as_of_us} - UNIX_MICROS(MAX(last_updated))) / 3600e6, 1) AS STRING), 'never, or an unknown number of'), ' hours ago') AS detail
FROM `${project}`.`${dataset}`.`${table}`;
