-- The send log: one row per message sent to the audience of a page. Every column is nullable, as in production.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  row_id INT64 OPTIONS (description = 'Number of the message'),
  page_name STRING OPTIONS (description = 'Page that sent it'),
  message STRING OPTIONS (description = 'Text of the message'),
  sending_time TIMESTAMP OPTIONS (description = 'When it was sent, UTC'),
  price FLOAT64 OPTIONS (description = 'Price, USD; NULL if unpriced'),
  sent_count INT64 OPTIONS (description = 'Recipients'),
  viewed_count INT64 OPTIONS (description = 'Recipients who viewed it'),
  purchased_count FLOAT64 OPTIONS (description = 'Purchases'),
  earnings FLOAT64 OPTIONS (description = 'Price times purchases, USD'),
  message_type STRING OPTIONS (description = 'PPV or Bump'),
  caption_id INT64 OPTIONS (description = 'Caption that the message is attributed to')
)
PARTITION BY DATE(sending_time)
CLUSTER BY page_name, caption_id
OPTIONS (
  description = 'Send log of the caption selection bandit',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
