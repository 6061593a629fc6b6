-- Is the revenue per message that of the send log? Captions are compared whose messages the log holds: sums of both, each
-- divided by its messages, so that counting messages several times does not matter.
-- group: contents
-- meaning: Revenue in the table is not that of the log: it has another unit, or earnings were lost.
-- remedy: Recompute total_revenue from the send log; look for cents, for a filter in the roll-up, and for late earnings.
-- option: earnings_ratio = 2; fail where revenue per message differs from the log's by more than this factor
-- scope: table
SELECT
  'contents_earnings' AS `check`,
  CASE
    WHEN SUM(sends.earned) IS NULL OR SUM(sends.earned) <= 0e0 OR SUM(stats.total_observations) <= 0 THEN 'skip'
    WHEN SUM(stats.total_revenue) * SUM(sends.messages) > ${earnings_ratio} * SUM(sends.earned) * SUM(stats.total_observations) THEN 'fail'
    WHEN COALESCE(SUM(stats.total_revenue), 0e0) * SUM(sends.messages) * ${earnings_ratio} < SUM(sends.earned) * SUM(stats.total_observations) THEN 'fail'
    ELSE 'pass'
  END AS status,
  CONCAT(COALESCE(CAST(ROUND(SUM(stats.total_revenue) / GREATEST(SUM(stats.total_observations), 1), 4) AS STRING), 'unknown'),
    ' USD per observation, ', COALESCE(CAST(ROUND(SUM(sends.earned) / GREATEST(SUM(sends.messages), 1), 4) AS STRING), 'unknown'),
    ' per message of the log') AS detail
FROM `${project}`.`${dataset}`.`${table}` AS stats
INNER JOIN (
  SELECT page_name, caption_id, COUNT(*) AS messages, SUM(earnings) AS earned
  FROM `${project}`.`${dataset}`.`${sends}`
  WHERE caption_id IS NOT NULL
  GROUP BY page_name, caption_id
) AS sends
  ON stats.page_name = sends.page_name AND stats.caption_id = sends.caption_id;
