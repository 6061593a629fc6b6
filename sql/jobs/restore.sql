-- Put the rows of a backup back into caption_bandit_stats, in one transaction.
--
-- schedule: by hand
-- parameter: now_us INT64 now          time of the run, microseconds since 1970
-- parameter: backup_us INT64 0         which backup; 0 takes the newest
--
-- Messages counted after the backup are counted again by the next update, since the watermarks of the rows go back too.
-- Without a backup of that time nothing changes.
CREATE OR REPLACE TEMP TABLE job_backup AS
SELECT *
FROM `${project}`.`${dataset}`.`caption_bandit_backups`
WHERE backup_us = IF(
  ${backup_us} = 0, (SELECT MAX(backup_us) FROM `${project}`.`${dataset}`.`caption_bandit_backups`), ${backup_us});

INSERT INTO `${project}`.`${dataset}`.`caption_stats_lock` (now_us)
SELECT 0 FROM (SELECT 1) WHERE NOT EXISTS (SELECT 1 FROM `${project}`.`${dataset}`.`caption_stats_lock`);

BEGIN TRANSACTION;

UPDATE `${project}`.`${dataset}`.`caption_stats_lock` SET now_us = ${now_us} WHERE TRUE;

DELETE FROM `${project}`.`${dataset}`.`${table}`
WHERE EXISTS (SELECT 1 FROM job_backup);

INSERT INTO `${project}`.`${dataset}`.`${table}` (
  caption_id, page_name, successes, failures, total_observations, total_revenue, avg_conversion_rate, avg_emv,
  last_emv_observed, confidence_lower_bound, confidence_upper_bound, exploration_score, last_used, last_updated,
  performance_percentile
)
SELECT
  caption_id, page_name, successes, failures, total_observations, total_revenue, avg_conversion_rate, avg_emv,
  last_emv_observed, confidence_lower_bound, confidence_upper_bound, exploration_score, last_used, last_updated,
  performance_percentile
FROM job_backup;

COMMIT TRANSACTION;
