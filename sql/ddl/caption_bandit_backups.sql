-- Copies of caption_bandit_stats: one row per backup, page and caption.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  backup_us INT64 NOT NULL OPTIONS (description = 'Time of the backup, microseconds since 1970: its name'),
  caption_id INT64 NOT NULL,
  page_name STRING NOT NULL,
  successes INT64,
  failures INT64,
  total_observations INT64,
  total_revenue FLOAT64,
  avg_conversion_rate FLOAT64,
  avg_emv FLOAT64,
  last_emv_observed FLOAT64,
  confidence_lower_bound FLOAT64,
  confidence_upper_bound FLOAT64,
  exploration_score FLOAT64,
  last_used TIMESTAMP,
  last_updated TIMESTAMP,
  performance_percentile INT64
)
CLUSTER BY backup_us, page_name
OPTIONS (
  description = 'Backups of caption_bandit_stats',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
