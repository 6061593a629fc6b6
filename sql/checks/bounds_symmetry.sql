-- Is lower(s, f) = 1 - upper(f, s)? Success and failure only trade names.
-- group: bounds
-- meaning: Successes and failures are not treated alike.
-- remedy: Show the difference with `deploy --dry-run`; then run `deploy`, with --replace if another function is there.
SELECT
  'bounds_symmetry' AS `check`,
  IF(COUNTIF(NOT ok) = 0, 'pass', 'fail') AS status,
  CONCAT(CAST(COUNTIF(NOT ok) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' pairs are not symmetric') AS detail
FROM (
  SELECT COALESCE(ABS(one.lower_bound - (1e0 - other.upper_bound)) <= 1e-12, FALSE) AS ok
  FROM (
    SELECT
      `${project}`.`${dataset}`.`wilson_score_bounds`(s, f) AS one,
      `${project}`.`${dataset}`.`wilson_score_bounds`(f, s) AS other
    FROM UNNEST([0, 1, 2, 3, 7, 10, 30, 99, 100, 1000, 54321, 1000000, 1000000000]) AS s
    CROSS JOIN UNNEST([0, 1, 2, 3, 7, 10, 30, 99, 100, 1000, 54321, 1000000, 1000000000]) AS f
  )
);
