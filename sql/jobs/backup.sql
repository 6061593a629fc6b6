-- Copy caption_bandit_stats into caption_bandit_backups, and remove backups that are too old.
--
-- schedule: every day 03:00
-- parameter: now_us INT64 now          time of the run, microseconds since 1970: the name of the backup
-- parameter: keep_days FLOAT64 30      older backups are removed, except the newest
--
-- Two runs at once that write caption_bandit_stats or its backups both update the row of caption_stats_lock: the later
-- one fails, and changes nothing.
INSERT INTO `${project}`.`${dataset}`.`caption_stats_lock` (now_us)
SELECT 0 FROM (SELECT 1) WHERE NOT EXISTS (SELECT 1 FROM `${project}`.`${dataset}`.`caption_stats_lock`);

BEGIN TRANSACTION;

UPDATE `${project}`.`${dataset}`.`caption_stats_lock` SET now_us = ${now_us} WHERE TRUE;

INSERT INTO `${project}`.`${dataset}`.`caption_bandit_backups` (
  backup_us, caption_id, page_name, successes, failures, total_observations, total_revenue,
  avg_conversion_rate, avg_emv, last_emv_observed, confidence_lower_bound, confidence_upper_bound, exploration_score,
  last_used, last_updated, performance_percentile
)
SELECT
  ${now_us}, stats.caption_id, stats.page_name, stats.successes, stats.failures,
  stats.total_observations, stats.total_revenue, stats.avg_conversion_rate, stats.avg_emv, stats.last_emv_observed,
  stats.confidence_lower_bound, stats.confidence_upper_bound, stats.exploration_score, stats.last_used,
  stats.last_updated, stats.performance_percentile
FROM `${project}`.`${dataset}`.`${table}` AS stats
WHERE NOT EXISTS (
  SELECT 1 FROM `${project}`.`${dataset}`.`caption_bandit_backups` AS earlier WHERE earlier.backup_us = ${now_us}
);

DELETE FROM `${project}`.`${dataset}`.`caption_bandit_backups`
WHERE backup_us < ${now_us} - CAST(${keep_days} * 86400000000e0 AS INT64)
  AND backup_us < (SELECT MAX(backup_us) FROM `${project}`.`${dataset}`.`caption_bandit_backups`);

COMMIT TRANSACTION;
