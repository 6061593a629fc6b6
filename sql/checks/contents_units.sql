-- Do revenue, EMVs and counts fit each other in size? A success needs an EMV above the median, so a row with successes has
-- earned something, unless no row has (a simulated world without money); the last EMV is at most the sum of all, avg_emv times
-- the messages; and over many rows the last EMVs add up to about as much as the means.
-- group: contents
-- meaning: Amounts have another unit, or are missing: captions are ranked and reported by wrong dollars.
-- remedy: Recompute both EMVs and the revenue from the send log, in dollars; look for cents, or millionths of a dollar.
-- option: revenue_per_message = 100000; fail where most rows have more than this many dollars per message
SELECT
  'contents_units' AS `check`,
  CASE
    WHEN COUNT(*) = 0 THEN 'skip'
    WHEN COUNTIF(unpaid) > 0 AND SUM(total_revenue) > 0e0 OR COUNTIF(small_mean) > 0 THEN 'fail'
    WHEN COUNTIF(dear) > 0.5e0 * COUNTIF(observed) THEN 'fail'
    WHEN COUNTIF(both_emvs) >= 30 AND SUM(last_of_both) < 1e-3 * SUM(mean_of_both) THEN 'fail'
    ELSE 'pass'
  END AS status,
  CONCAT('of ', CAST(COUNT(*) AS STRING), ' rows, ', CAST(COUNTIF(unpaid) AS STRING), ' have successes without revenue and ',
    CAST(COUNTIF(small_mean) AS STRING), ' a last EMV above the sum of all; ',
    CAST(COUNTIF(dear) AS STRING), ' more dollars per message than allowed; last EMVs are ',
    COALESCE(CAST(ROUND(SUM(last_of_both) / GREATEST(SUM(mean_of_both), 1e-300), 4) AS STRING), 'unknown'), ' of the means') AS detail
FROM (
  SELECT
    total_revenue,
    COALESCE(total_observations > 0 AND total_revenue IS NOT NULL, FALSE) AS observed,
    COALESCE(total_observations > 0 AND total_revenue > ${revenue_per_message} * total_observations, FALSE) AS dear,
    avg_emv > 0e0 AND last_emv_observed IS NOT NULL AS both_emvs,
    IF(avg_emv > 0e0, last_emv_observed, NULL) AS last_of_both,
    IF(last_emv_observed IS NOT NULL AND avg_emv > 0e0, avg_emv, NULL) AS mean_of_both,
    COALESCE(total_revenue = 0e0 AND successes > 1, FALSE) AS unpaid,
    COALESCE(last_emv_observed
      > avg_emv * GREATEST(total_observations, successes + failures - 2, 1) * 1.000001e0 + 1e-6, FALSE) AS small_mean
  FROM `${project}`.`${dataset}`.`${table}`
);
