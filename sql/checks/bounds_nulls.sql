-- Does a NULL count give NULL bounds, rather than an interval made of nothing?
-- group: bounds
-- meaning: A NULL count is treated as a number.
-- remedy: Show the difference with `deploy --dry-run`; then run `deploy`, with --replace if another function is there.
SELECT
  'bounds_nulls' AS `check`,
  IF(COUNTIF(NOT ok) = 0, 'pass', 'fail') AS status,
  CONCAT(CAST(COUNTIF(NOT ok) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' calls with a NULL gave a number') AS detail
FROM (
  SELECT b.lower_bound IS NULL AND b.upper_bound IS NULL AND b.exploration_bonus IS NULL AS ok
  FROM (
    SELECT `${project}`.`${dataset}`.`wilson_score_bounds`(s, f) AS b
    FROM (
      SELECT CAST(NULL AS INT64) AS s, 1 AS f
      UNION ALL SELECT 1, NULL
      UNION ALL SELECT NULL, NULL
    )
  )
);
