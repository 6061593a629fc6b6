-- All rows of the statistics table, to be compared with those of another.
SELECT
  caption_id, page_name, successes, failures, total_observations, total_revenue, avg_conversion_rate, avg_emv,
  last_emv_observed, confidence_lower_bound, confidence_upper_bound, exploration_score,
  UNIX_MICROS(last_used) AS last_used, UNIX_MICROS(last_updated) AS last_updated, performance_percentile
FROM `${project}`.`${dataset}`.`${table}`;
