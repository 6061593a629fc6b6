-- Is (page_name, caption_id) unique? The key is declared, not enforced: a loader that ran twice leaves duplicates.
-- group: contents
-- meaning: Captions have several rows on a page: they are drawn more often.
-- remedy: Keep the row of each key that was updated last.
-- scope: table
SELECT
  'contents_keys' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(copy > 1) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(copy > 1) AS STRING), ' surplus rows among ', CAST(COUNT(*) AS STRING),
    ', on ', CAST(COUNT(DISTINCT IF(copy > 1, page_name, NULL)) AS STRING), ' pages') AS detail
FROM (
  SELECT page_name, ROW_NUMBER() OVER (PARTITION BY page_name, caption_id) AS copy
  FROM `${project}`.`${dataset}`.`${table}`
);
