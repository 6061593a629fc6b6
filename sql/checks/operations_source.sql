-- How old is the newest message of the send log? Without new messages the update job counts old ones again.
SELECT
  'operations_source' AS `check`,
  CASE
    WHEN MAX(sending_time) IS NULL THEN 'skip'
    WHEN ${as_of_us} - UNIX_MICROS(MAX(sending_time)) > ${critical_hours} * 3600e6 THEN 'fail'
    WHEN ${as_of_us} - UNIX_MICROS(MAX(sending_time)) > ${warn_hours} * 3600e6 THEN 'warn'
    ELSE 'pass'
  END AS status,
  CONCAT('newest message sent ',
    COALESCE(CAST(ROUND((${as_of_us} - UNIX_MICROS(MAX(sending_time))) / 3600e6, 1) AS STRING), 'never, or an unknown number of'), ' hours ago') AS detail
FROM `${project}`.`${dataset}`.`${sends}`;
