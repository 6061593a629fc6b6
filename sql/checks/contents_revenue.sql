-- Is avg_emv at most total_revenue? The EMV of a message is its earnings times a share, so no mean of EMVs exceeds the
-- sum of the earnings. Revenue that is lost or zero, and EMVs in another unit, break this.
-- group: contents
-- meaning: EMV and revenue contradict each other: revenue is missing, or EMV has another unit.
-- remedy: Recompute both from the send log; look at the roll-up for a wrong factor or a missing sum.
SELECT
  'contents_revenue' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(above) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(above) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' rows have an EMV above their revenue') AS detail
FROM (
  SELECT
    COALESCE(avg_emv > total_revenue + 1e-6 * ABS(total_revenue) + 1e-6, FALSE)
    OR COALESCE(last_emv_observed > total_revenue + 1e-6 * ABS(total_revenue) + 1e-6, FALSE) AS above
  FROM `${project}`.`${dataset}`.`${table}`
);
