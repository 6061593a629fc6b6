-- Does every caption of the send log have a row? A message that was viewed is counted within a week of its load, so only
-- captions first sent 8 days or more before the last update are asked for.
-- group: contents
-- meaning: Captions were sent but have no row: a load was lost, or rows were deleted.
-- remedy: Load the rows again; look for a failed load, a partition expiry, or a page that the roll-up leaves out.
-- option: missing_share = 0.05; fail where a larger share of the captions sent has no row
-- scope: table
SELECT
  'contents_missing' AS `check`,
  CASE
    WHEN COUNT(*) = 0 THEN 'skip'
    WHEN COUNTIF(stats.caption_id IS NULL) > ${missing_share} * COUNT(*) THEN 'fail'
    ELSE 'pass'
  END AS status,
  CONCAT(CAST(COUNTIF(stats.caption_id IS NULL) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' captions sent have no row') AS detail
FROM (
  SELECT page_name, caption_id, MIN(sending_time) AS first_sent
  FROM `${project}`.`${dataset}`.`${sends}`
  WHERE caption_id IS NOT NULL AND page_name IS NOT NULL AND viewed_count > 0
  GROUP BY page_name, caption_id
) AS sends
CROSS JOIN (SELECT MAX(UNIX_MICROS(last_updated)) AS newest_us FROM `${project}`.`${dataset}`.`${table}`) AS updated
LEFT JOIN (SELECT DISTINCT page_name, caption_id FROM `${project}`.`${dataset}`.`${table}`) AS stats
  ON stats.page_name = sends.page_name AND stats.caption_id = sends.caption_id
WHERE UNIX_MICROS(sends.first_sent) <= updated.newest_us - 8 * 86400000000;
