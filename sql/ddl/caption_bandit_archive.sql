-- Rows of caption_bandit_stats that the expire job moved away; the update job restores a row that is needed again.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  caption_id INT64 NOT NULL OPTIONS (description = 'Caption, over the whole signed INT64 range'),
  page_name STRING NOT NULL OPTIONS (description = 'Page that the caption was sent on'),
  successes INT64 DEFAULT 1 OPTIONS (description = 'Prior 1 plus sends whose EMV was above the median of the page'),
  failures INT64 DEFAULT 1 OPTIONS (description = 'Prior 1 plus sends whose EMV was at or below the median of the page'),
  total_observations INT64 DEFAULT 0 OPTIONS (description = 'Messages counted'),
  total_revenue FLOAT64 DEFAULT 0.0 OPTIONS (description = 'Earnings of these messages, USD'),
  avg_conversion_rate FLOAT64 DEFAULT 0.0 OPTIONS (description = 'Purchases per recipient'),
  avg_emv FLOAT64 DEFAULT 0.0 OPTIONS (description = 'Mean expected monetary value: purchases per view times earnings, USD'),
  last_emv_observed FLOAT64 OPTIONS (description = 'EMV of the latest roll-up, USD'),
  confidence_lower_bound FLOAT64 OPTIONS (description = 'Wilson lower bound, z = 1.96'),
  confidence_upper_bound FLOAT64 OPTIONS (description = 'Wilson upper bound, z = 1.96'),
  exploration_score FLOAT64 OPTIONS (description = 'One over the root of the count; see wilson_score_bounds'),
  last_used TIMESTAMP OPTIONS (description = 'When the caption was last sent; NULL if never since its row exists'),
  last_updated TIMESTAMP DEFAULT CURRENT_TIMESTAMP() OPTIONS (description = 'When the row was written; the partition'),
  performance_percentile INT64 OPTIONS (description = 'Rank of avg_emv within the page, 0 to 100'),
  PRIMARY KEY (caption_id, page_name) NOT ENFORCED
)
PARTITION BY DATE(last_updated)
CLUSTER BY page_name, caption_id, last_used
OPTIONS (
  description = 'Archived rows of caption_bandit_stats',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
