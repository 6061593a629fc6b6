-- One row that every job updates before it writes caption_observations: of two runs at once only one can commit.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  now_us INT64 NOT NULL OPTIONS (description = 'Time of the latest run that has ended, microseconds since 1970')
)
OPTIONS (
  description = 'Lock of the jobs that write caption_observations',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
