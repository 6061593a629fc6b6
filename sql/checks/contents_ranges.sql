-- Are counts and revenue not negative, rates and percentiles within their ranges, and is nothing NaN or infinite?
-- group: contents
-- meaning: Values are impossible: a writer is broken.
-- remedy: Look at the rows, and at the program that wrote them.
SELECT
  'contents_ranges' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(outside) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(outside) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' rows are outside a range') AS detail
FROM (
  SELECT
    COALESCE(successes < 0, FALSE) OR COALESCE(failures < 0, FALSE) OR COALESCE(total_observations < 0, FALSE)
    OR COALESCE(IS_NAN(total_revenue) OR IS_NAN(avg_conversion_rate), FALSE)
    OR COALESCE(IS_NAN(avg_emv), FALSE) OR COALESCE(IS_NAN(last_emv_observed), FALSE)
    OR NOT COALESCE(total_revenue >= 0e0 AND total_revenue < 1e300, TRUE)
    OR NOT COALESCE(avg_conversion_rate >= 0e0 AND avg_conversion_rate <= 1e0, TRUE)
    OR NOT COALESCE(avg_emv >= 0e0 AND avg_emv < 1e300, TRUE)
    OR NOT COALESCE(last_emv_observed >= 0e0 AND last_emv_observed < 1e300, TRUE)
    OR COALESCE(performance_percentile < 0 OR performance_percentile > 100, FALSE) AS outside
  FROM `${project}`.`${dataset}`.`${table}`
);
