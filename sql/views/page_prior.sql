-- The Beta prior of each page that its own captions teach, by the moment estimator of Kleinman (1973) with weights n
-- (thompson_empirical_bayes and posterior_mean of policies/): prior_successes and prior_failures are the arguments of the
-- functions posterior_mean and wilson_sample_prior. A page whose captions spread no more than chance has 1 and 1.
CREATE VIEW `${project}`.`${dataset}`.`page_prior` AS
WITH counted AS (
  SELECT
    page_name,
    CAST(GREATEST(COALESCE(successes, 1) - 1, 0) AS FLOAT64) AS s,
    CAST(GREATEST(COALESCE(successes, 1) - 1, 0) + GREATEST(COALESCE(failures, 1) - 1, 0) AS FLOAT64) AS n
  FROM `${project}`.`${dataset}`.`caption_bandit_stats`
),
sums AS (
  SELECT
    page_name, SUM(n) AS total, SUM(s) AS won, SUM(n * n) AS squares, SUM(IF(n > 0e0, 1e0, 0e0)) AS seen
  FROM counted
  GROUP BY page_name
),
spreads AS (
  SELECT
    sums.page_name,
    SUM(IF(n > 0e0, n * POW(s / NULLIF(n, 0e0) - won / NULLIF(total, 0e0), 2e0), 0e0)) AS spread
  FROM counted
  INNER JOIN sums ON sums.page_name = counted.page_name
  GROUP BY sums.page_name
),
correlations AS (
  SELECT
    sums.page_name, won / NULLIF(total, 0e0) AS mean, seen,
    total - squares / NULLIF(total, 0e0) - (seen - 1e0) AS weight,
    spread / NULLIF(won / NULLIF(total, 0e0) * (1e0 - won / NULLIF(total, 0e0)), 0e0) - (seen - 1e0) AS excess
  FROM sums
  INNER JOIN spreads ON spreads.page_name = sums.page_name
),
strengths AS (
  SELECT
    page_name, mean,
    IF(seen >= 2e0 AND weight > 0e0 AND excess > 0e0,
       GREATEST(0.1e0, LEAST(1000e0, weight / NULLIF(excess, 0e0) - 1e0)), NULL) AS strength
  FROM correlations
)
SELECT
  page_name, COALESCE(mean * strength, 1e0) AS prior_successes, COALESCE((1e0 - mean) * strength, 1e0) AS prior_failures
FROM strengths;
