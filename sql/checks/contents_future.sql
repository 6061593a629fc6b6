-- Is no time later than now, with one hour for clocks that differ? One row of the year 2099 would silence the staleness
-- check for ever.
-- group: contents
-- meaning: Rows are dated in the future: ages cannot be judged, and partitions expire late.
-- remedy: Correct the times; look for seconds read as milliseconds, local time read as UTC, or a wrong clock.
SELECT
  'contents_future' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(later) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(later) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' rows are dated in the future') AS detail
FROM (
  SELECT
    COALESCE(UNIX_MICROS(last_updated) > ${clock_us} + 3600000000, FALSE)
    OR COALESCE(UNIX_MICROS(last_used) > ${clock_us} + 3600000000, FALSE) AS later
  FROM `${project}`.`${dataset}`.`${table}`
);
