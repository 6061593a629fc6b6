-- Is last_used never after last_updated, and is no time before 2000? The update job writes both at once, or leaves last_used
-- behind.
-- group: contents
-- meaning: A caption was used after its row was updated, or times are empty or have another unit: writers disagree.
-- remedy: Find the writer that sets last_used alone; look for seconds read as milliseconds, and for times of 0.
SELECT
  'contents_times' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(disordered) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(disordered) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' rows were used after their update, or before 2000') AS detail
FROM (
  SELECT
    COALESCE(last_used > last_updated, FALSE)
    OR COALESCE(UNIX_MICROS(last_used) < 946684800000000, FALSE)
    OR COALESCE(UNIX_MICROS(last_updated) < 946684800000000, FALSE) AS disordered
  FROM `${project}`.`${dataset}`.`${table}`
);
