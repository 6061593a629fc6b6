-- Up to which moment each job has counted messages: one row per job.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  job STRING NOT NULL OPTIONS (description = 'Name of the job'),
  watermark TIMESTAMP OPTIONS (description = 'Messages sent up to here are counted'),
  updated TIMESTAMP OPTIONS (description = 'Time of the latest run'),
  messages INT64 OPTIONS (description = 'Messages counted by the latest run'),
  PRIMARY KEY (job) NOT ENFORCED
)
OPTIONS (
  description = 'Watermarks of the jobs of the caption selection bandit',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
