-- The captions that may be sent, with their price tier.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  caption_id INT64 NOT NULL OPTIONS (description = 'Caption'),
  price_tier STRING OPTIONS (description = 'budget, mid, premium or bump'),
  active BOOL OPTIONS (description = 'FALSE: never selected; NULL counts as TRUE'),
  PRIMARY KEY (caption_id) NOT ENFORCED
)
OPTIONS (
  description = 'Captions of the caption selection bandit',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
