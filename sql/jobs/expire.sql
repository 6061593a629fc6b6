-- Move rows that were not updated for a while from caption_bandit_stats to caption_bandit_archive.
--
-- schedule: every day 02:00
-- parameter: now_us INT64 now          time of the run, microseconds since 1970
-- parameter: keep_days FLOAT64 90      rows updated within these days stay
--
-- A partition expiry would delete such rows, and their captions would return as (1, 1). The update job restores an
-- archived row when its caption is sent again. Both steps happen in one transaction: no row is lost or kept twice.
BEGIN TRANSACTION;

MERGE INTO `${project}`.`${dataset}`.`caption_bandit_archive` AS archive
USING (
  SELECT * FROM `${project}`.`${dataset}`.`${table}`
  WHERE UNIX_MICROS(last_updated) < ${now_us} - CAST(${keep_days} * 86400000000e0 AS INT64)
) AS old
ON archive.page_name = old.page_name AND archive.caption_id = old.caption_id
WHEN MATCHED THEN UPDATE SET
  successes = old.successes, failures = old.failures, total_observations = old.total_observations,
  total_revenue = old.total_revenue, avg_conversion_rate = old.avg_conversion_rate, avg_emv = old.avg_emv,
  last_emv_observed = old.last_emv_observed, confidence_lower_bound = old.confidence_lower_bound,
  confidence_upper_bound = old.confidence_upper_bound, exploration_score = old.exploration_score,
  last_used = old.last_used, last_updated = old.last_updated, performance_percentile = old.performance_percentile
WHEN NOT MATCHED THEN INSERT (
  caption_id, page_name, successes, failures, total_observations, total_revenue, avg_conversion_rate, avg_emv,
  last_emv_observed, confidence_lower_bound, confidence_upper_bound, exploration_score, last_used, last_updated,
  performance_percentile
) VALUES (
  old.caption_id, old.page_name, old.successes, old.failures, old.total_observations, old.total_revenue,
  old.avg_conversion_rate, old.avg_emv, old.last_emv_observed, old.confidence_lower_bound, old.confidence_upper_bound,
  old.exploration_score, old.last_used, old.last_updated, old.performance_percentile
);

DELETE FROM `${project}`.`${dataset}`.`${table}`
WHERE UNIX_MICROS(last_updated) < ${now_us} - CAST(${keep_days} * 86400000000e0 AS INT64);

COMMIT TRANSACTION;
