-- Move rows that were not updated for a while from caption_bandit_stats to caption_bandit_archive.
--
-- schedule: every day 02:00
-- parameter: now_us INT64 now          time of the run, microseconds since 1970
-- parameter: keep_days FLOAT64 90      rows updated within these days stay
--
-- A partition expiry would delete such rows, and their captions would return as (1, 1). The update job restores an
-- archived row when its caption is sent again. All steps happen in one transaction: no row is lost or kept twice.
INSERT INTO `${project}`.`${dataset}`.`caption_stats_lock` (now_us)
SELECT 0 FROM (SELECT 1) WHERE NOT EXISTS (SELECT 1 FROM `${project}`.`${dataset}`.`caption_stats_lock`);

BEGIN TRANSACTION;

UPDATE `${project}`.`${dataset}`.`caption_stats_lock` SET now_us = ${now_us} WHERE TRUE;

DELETE FROM `${project}`.`${dataset}`.`caption_bandit_archive` AS archive
WHERE EXISTS (
  SELECT 1
  FROM `${project}`.`${dataset}`.`${table}` AS old
  WHERE old.page_name = archive.page_name AND old.caption_id = archive.caption_id
    AND UNIX_MICROS(old.last_updated) < ${now_us} - CAST(${keep_days} * 86400000000e0 AS INT64)
);

INSERT INTO `${project}`.`${dataset}`.`caption_bandit_archive` (
  caption_id, page_name, successes, failures, total_observations, total_revenue, avg_conversion_rate, avg_emv,
  last_emv_observed, confidence_lower_bound, confidence_upper_bound, exploration_score, last_used, last_updated,
  performance_percentile
)
SELECT
  caption_id, page_name, successes, failures, total_observations, total_revenue, avg_conversion_rate, avg_emv,
  last_emv_observed, confidence_lower_bound, confidence_upper_bound, exploration_score, last_used, last_updated,
  performance_percentile
FROM `${project}`.`${dataset}`.`${table}`
WHERE UNIX_MICROS(last_updated) < ${now_us} - CAST(${keep_days} * 86400000000e0 AS INT64);

DELETE FROM `${project}`.`${dataset}`.`${table}`
WHERE UNIX_MICROS(last_updated) < ${now_us} - CAST(${keep_days} * 86400000000e0 AS INT64);

COMMIT TRANSACTION;
