-- Does wilson_score_bounds give the published reference rows, to their 4 decimals?
-- group: bounds
-- meaning: The bounds differ from the published reference rows.
-- remedy: Show the difference with `deploy --dry-run`; then run `deploy`, with --replace if another function is there.
SELECT
  'bounds_reference_rows' AS `check`,
  IF(COUNTIF(NOT ok) = 0, 'pass', 'fail') AS status,
  CONCAT(CAST(COUNTIF(NOT ok) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' reference rows differ',
    IF(COUNTIF(NOT ok) = 0, '', CONCAT('; first at successes, failures = ', MIN(IF(ok, NULL, label))))) AS detail
FROM (
  SELECT
    CONCAT(CAST(s AS STRING), ', ', CAST(f AS STRING)) AS label,
    COALESCE(
      ABS(b.lower_bound - lower_wanted) <= 5.1e-5
      AND ABS(b.upper_bound - upper_wanted) <= 5.1e-5
      AND ABS(b.exploration_bonus - bonus_wanted) <= 5.1e-5, FALSE) AS ok
  FROM (
    SELECT s, f, lower_wanted, upper_wanted, bonus_wanted, `${project}`.`${dataset}`.`wilson_score_bounds`(s, f) AS b
    FROM (
      SELECT 100 AS s, 100 AS f, 0.4314e0 AS lower_wanted, 0.5686e0 AS upper_wanted, 0.0705e0 AS bonus_wanted
      UNION ALL SELECT 90, 10, 0.8256e0, 0.9448e0, 0.0995e0
      UNION ALL SELECT 50, 50, 0.4038e0, 0.5962e0, 0.0995e0
      UNION ALL SELECT 10, 10, 0.2993e0, 0.7007e0, 0.2182e0
      UNION ALL SELECT 10, 90, 0.0552e0, 0.1744e0, 0.0995e0
      UNION ALL SELECT 1, 1, 0.0945e0, 0.9055e0, 0.5774e0
      UNION ALL SELECT 1, 0, 0.2065e0, 1e0, 0.7071e0
      UNION ALL SELECT 0, 1, 0e0, 0.7935e0, 0.7071e0
      UNION ALL SELECT 2, 1, 0.2077e0, 0.9385e0, 0.5e0
      UNION ALL SELECT 1, 2, 0.0615e0, 0.7923e0, 0.5e0
      UNION ALL SELECT 1, 3, 0.0456e0, 0.6994e0, 0.4472e0
      UNION ALL SELECT 70, 30, 0.6041e0, 0.7811e0, 0.0995e0
      UNION ALL SELECT 0, 0, 0e0, 1e0, 1e0
    )
  )
);
