-- Is (page_name, caption_id) unique? The key is declared, not enforced: a loader that ran twice leaves duplicates.
SELECT
  'contents_keys' AS `check`,
  CASE WHEN COALESCE(SUM(page_rows), 0) = 0 THEN 'skip' WHEN SUM(page_rows - page_captions) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COALESCE(SUM(page_rows - page_captions), 0) AS STRING), ' surplus rows among ', CAST(COALESCE(SUM(page_rows), 0) AS STRING),
    ', on ', CAST(COUNTIF(page_rows > page_captions) AS STRING), ' pages') AS detail
FROM (
  SELECT page_name, COUNT(*) AS page_rows, COUNT(DISTINCT caption_id) AS page_captions
  FROM `${project}`.`${dataset}`.`${table}`
  GROUP BY page_name
);
