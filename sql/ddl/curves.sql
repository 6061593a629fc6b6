-- The regret, reward and revenue curves of a run: one row per policy, replication and moment.
CREATE TABLE IF NOT EXISTS `${project}`.`${dataset}`.`${table}` (
  policy STRING OPTIONS (description = 'Name of the policy'),
  replication INT64 OPTIONS (description = 'Number of the replication'),
  `at` FLOAT64 OPTIONS (description = 'Moment: pulls or days so far'),
  regret FLOAT64 OPTIONS (description = 'Cumulative pseudo-regret'),
  reward FLOAT64 OPTIONS (description = 'Cumulative reward'),
  revenue_usd FLOAT64 OPTIONS (description = 'Cumulative revenue, USD; 0 where the world has no money')
)
CLUSTER BY policy, replication
OPTIONS (
  description = 'Regret, reward and revenue curves of a simulated run',
  labels = [('component', 'caption-bandit'), ('schema', 'v1')]
);
