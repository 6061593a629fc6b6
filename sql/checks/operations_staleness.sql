-- How long ago was the table last updated? The update job runs every 6 hours.
-- group: operations
-- meaning: The statistics are old: policies choose by outdated counts.
-- remedy: Look at the schedule and the last errors of the update job.
-- option: staleness_hours = 8 12; warn and fail where the newest row is older
SELECT
  'operations_staleness' AS `check`,
  CASE
    WHEN MAX(last_updated) IS NULL THEN 'skip'
    WHEN ${now_us} - MAX(UNIX_MICROS(last_updated)) > ${staleness_hours_fail} * 3600e6 THEN 'fail'
    WHEN ${now_us} - MAX(UNIX_MICROS(last_updated)) > ${staleness_hours_warn} * 3600e6 THEN 'warn'
    ELSE 'pass'
  END AS status,
  CONCAT('last updated ',
    COALESCE(CAST(ROUND((${now_us} - MAX(UNIX_MICROS(last_updated))) / 3600e6, 1) AS STRING), 'never, or an unknown number of'), ' hours ago') AS detail
FROM `${project}`.`${dataset}`.`${table}`;
