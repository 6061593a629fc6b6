-- One row per table that the jobs write to. A job updates the row of its table in its transaction, so that of two runs at
-- once one conflicts and changes nothing: statements that only insert rows do not conflict by themselves.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  locked_table STRING NOT NULL OPTIONS (description = 'Name of the table that a job writes to'),
  run_us INT64 OPTIONS (description = 'Time of the latest run, microseconds since 1970')
)
OPTIONS (
  description = 'Locks of the jobs, one row per table',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
