-- Is last_used never after last_updated? The update job writes both at once, or leaves last_used behind.
-- group: contents
-- meaning: A caption was used after its row was updated: clocks or writers disagree.
-- remedy: Find the writer that sets last_used alone.
SELECT
  'contents_times' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(last_used > last_updated) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(last_used > last_updated) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' rows were used after their update') AS detail
FROM `${project}`.`${dataset}`.`${table}`;
