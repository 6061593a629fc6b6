-- Is a key, a count or last_updated NULL? Defaults do not apply to explicit NULLs, and a NULL count makes every draw of
-- its caption NULL.
-- group: contents
-- meaning: Keys or counts are NULL: such captions are never sent.
-- remedy: Set them to their defaults, and find the writer of explicit NULLs.
SELECT
  'contents_nulls' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(missing) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(missing) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' rows have a NULL key, count or last_updated') AS detail
FROM (
  SELECT
    caption_id IS NULL OR page_name IS NULL OR successes IS NULL OR failures IS NULL OR total_observations IS NULL
    OR last_updated IS NULL AS missing
  FROM `${project}`.`${dataset}`.`${table}`
);
