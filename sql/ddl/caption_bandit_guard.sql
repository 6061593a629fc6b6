-- One row that every counting job changes: of two such jobs at once the database refuses one.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  run_us INT64 NOT NULL OPTIONS (description = 'Time of the latest run of a counting job, microseconds since 1970')
)
OPTIONS (
  description = 'Keeps two counting jobs from writing at once',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
