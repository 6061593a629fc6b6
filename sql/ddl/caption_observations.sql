-- Every attributed message with the propensity of its selection: what off-policy evaluation reads.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  row_id INT64 NOT NULL OPTIONS (description = 'Number of the message'),
  page_name STRING NOT NULL OPTIONS (description = 'Page that sent it'),
  caption_id INT64 NOT NULL OPTIONS (description = 'Caption'),
  sending_time TIMESTAMP OPTIONS (description = 'When it was sent'),
  sent_count INT64 OPTIONS (description = 'Recipients'),
  viewed_count INT64 OPTIONS (description = 'Recipients who viewed it'),
  purchased_count FLOAT64 OPTIONS (description = 'Purchases'),
  earnings FLOAT64 OPTIONS (description = 'Earnings, USD'),
  emv FLOAT64 OPTIONS (description = 'Purchases per view times earnings, USD'),
  propensity FLOAT64 OPTIONS (description = 'Of the latest selection before it; NULL if there is none'),
  logged TIMESTAMP OPTIONS (description = 'When this row was written'),
  PRIMARY KEY (row_id) NOT ENFORCED
)
PARTITION BY DATE(sending_time)
CLUSTER BY page_name, caption_id
OPTIONS (
  description = 'Observations of the caption selection bandit',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
