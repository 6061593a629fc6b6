-- Is any count NULL? Defaults do not apply to explicit NULLs, and a NULL count makes every draw of its caption NULL.
SELECT
  'contents_nulls' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN SUM(missing) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COALESCE(SUM(missing), 0) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' rows have a NULL key, count or last_updated') AS detail
FROM (
  SELECT
    IF(caption_id IS NULL OR page_name IS NULL OR successes IS NULL OR failures IS NULL OR total_observations IS NULL
      OR last_updated IS NULL, 1, 0) AS missing
  FROM `${project}`.`${dataset}`.`${table}`
);
