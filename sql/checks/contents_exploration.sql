-- Is exploration_score 1 / sqrt(s + f + 1) in an updated row, and 1 / sqrt(s + f) in a new one (last_used is NULL)?
-- group: contents
-- meaning: exploration_score is stale or wrong.
-- remedy: Recompute the column from successes and failures, in one UPDATE.
SELECT
  'contents_exploration' AS `check`,
  CASE WHEN COUNTIF(scored) = 0 THEN 'skip' WHEN COUNTIF(scored AND NOT right_score) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(scored AND NOT right_score) AS STRING), ' of ', CAST(COUNTIF(scored) AS STRING), ' rows hold another score') AS detail
FROM (
  SELECT
    COALESCE(successes >= 0 AND failures >= 0, FALSE) AS scored,
    COALESCE(ABS(exploration_score * exploration_score * (successes + failures + 1) - 1e0) <= 1e-9, FALSE)
    OR COALESCE(last_used IS NULL
      AND ABS(exploration_score * exploration_score * (successes + failures) - 1e0) <= 1e-9, FALSE) AS right_score
  FROM `${project}`.`${dataset}`.`${table}`
);
