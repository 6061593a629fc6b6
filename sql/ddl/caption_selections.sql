-- What was selected, with the probability of selecting it: one row per page, run and caption.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  selected_at TIMESTAMP NOT NULL OPTIONS (description = 'Time of the run'),
  page_name STRING NOT NULL OPTIONS (description = 'Page'),
  caption_id INT64 NOT NULL OPTIONS (description = 'Caption'),
  price_tier STRING OPTIONS (description = 'Its tier'),
  place INT64 OPTIONS (description = 'Rank within page and tier, from 1'),
  score FLOAT64 OPTIONS (description = 'Draw of wilson_sample'),
  propensity FLOAT64 OPTIONS (description = 'Estimated probability of being selected at this run')
)
PARTITION BY DATE(selected_at)
CLUSTER BY page_name, caption_id
OPTIONS (
  description = 'Selections of the caption selection bandit',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
