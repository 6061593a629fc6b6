-- How old is the newest message of the send log? Without new messages the update job counts old ones again.
-- group: operations
-- meaning: No new messages arrive: the update job counts old ones again.
-- remedy: Look at the load of the send log.
-- option: source_hours = 48 72; warn and fail where the newest message is older
SELECT
  'operations_source' AS `check`,
  CASE
    WHEN MAX(sending_time) IS NULL THEN 'skip'
    WHEN ${now_us} - UNIX_MICROS(MAX(sending_time)) > ${source_hours_fail} * 3600e6 THEN 'fail'
    WHEN ${now_us} - UNIX_MICROS(MAX(sending_time)) > ${source_hours_warn} * 3600e6 THEN 'warn'
    ELSE 'pass'
  END AS status,
  CONCAT('newest message sent ',
    COALESCE(CAST(ROUND((${now_us} - UNIX_MICROS(MAX(sending_time))) / 3600e6, 1) AS STRING), 'never, or an unknown number of'), ' hours ago') AS detail
FROM `${project}`.`${dataset}`.`${sends}`;
