-- How many messages per hour does the send log show, over the day before its newest?
-- group: operations
-- meaning: Few messages arrive: the statistics hardly move.
-- remedy: Look at the sending schedule and at the load of the send log.
-- option: messages_per_hour = 10; warn of fewer messages in the send log
SELECT
  'operations_rate' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNT(*) < 24 * ${messages_per_hour} THEN 'warn' ELSE 'pass' END AS status,
  CONCAT(CAST(COUNT(*) AS STRING), ' messages in the last 24 hours of the log') AS detail
FROM `${project}`.`${dataset}`.`${sends}`
CROSS JOIN (
  SELECT MAX(UNIX_MICROS(sending_time)) AS newest_us FROM `${project}`.`${dataset}`.`${sends}`
)
WHERE UNIX_MICROS(sending_time) > newest_us - 86400000000;
