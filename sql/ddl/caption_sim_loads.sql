-- What the loaders put where: one row per load, written just before the load is published.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  load_id STRING OPTIONS (description = 'Name of the load; equal names hold equal rows'),
  table_name STRING OPTIONS (description = 'Table loaded'),
  row_count INT64 OPTIONS (description = 'Rows loaded'),
  distinct_keys INT64 OPTIONS (description = 'Distinct keys among them, 0 for a table without a key'),
  checksum INT64 OPTIONS (description = 'Checksum of load/fingerprint_stats, 0 for other tables'),
  source STRING OPTIONS (description = 'What the rows were made of, as JSON'),
  published TIMESTAMP OPTIONS (description = 'When')
)
OPTIONS (
  description = 'Manifest of what caption-bandit-sim loaded',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
