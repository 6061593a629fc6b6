-- Is exploration_score one over the root of the count: sqrt(s + f + 1) once updated, sqrt(s + f) in a row just made?
SELECT
  'contents_exploration' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(NOT ok) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(NOT ok) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' rows hold another score') AS detail
FROM (
  SELECT
    COALESCE(ABS(exploration_score * exploration_score * (successes + failures + 1) - 1e0) <= 1e-9, FALSE)
    OR COALESCE(last_used IS NULL
      AND ABS(exploration_score * exploration_score * (successes + failures) - 1e0) <= 1e-9, FALSE) AS ok
  FROM `${project}`.`${dataset}`.`${table}`
  WHERE successes >= 0 AND failures >= 0
);
