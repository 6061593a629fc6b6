-- How often was each message counted? The roll-up over 7 days is added every 6 hours, so up to 28 times: the recount
-- factor is total_observations over the messages that the send log holds, 1 where each is counted once.
-- group: contents
-- meaning: Messages are counted more than once: intervals are far too narrow.
-- remedy: Count each message once: keep a watermark in the roll-up.
-- option: recount_limit = 1; fail above this many observations per message
-- scope: table
SELECT
  'contents_recount' AS `check`,
  CASE
    WHEN SUM(stats.total_observations) IS NULL OR SUM(sends.messages) IS NULL THEN 'skip'
    WHEN SUM(stats.total_observations) <= ${recount_limit} * SUM(sends.messages) THEN 'pass'
    ELSE 'fail'
  END AS status,
  CONCAT('recount factor ', COALESCE(CAST(ROUND(SUM(stats.total_observations) / SUM(sends.messages), 2) AS STRING), 'unknown'),
    ': ', CAST(COALESCE(SUM(stats.total_observations), 0) AS STRING), ' observations of ', CAST(COALESCE(SUM(sends.messages), 0) AS STRING),
    ' messages; ', CAST(COUNTIF(stats.total_observations > sends.messages) AS STRING), ' captions above their messages') AS detail
FROM `${project}`.`${dataset}`.`${table}` AS stats
INNER JOIN (
  SELECT page_name, caption_id, COUNT(*) AS messages
  FROM `${project}`.`${dataset}`.`${sends}`
  WHERE caption_id IS NOT NULL
  GROUP BY page_name, caption_id
) AS sends
  ON stats.page_name = sends.page_name AND stats.caption_id = sends.caption_id;
