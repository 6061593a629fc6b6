-- Are the stored bounds those that wilson_score_bounds gives for the stored counts, within 1e-9?
SELECT
  'contents_bounds' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(NOT ok) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(NOT ok) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' rows hold other bounds') AS detail
FROM (
  SELECT
    COALESCE(
      ABS(confidence_lower_bound - `${project}`.`${dataset}`.`wilson_score_bounds`(successes, failures).lower_bound) <= 1e-9
      AND ABS(confidence_upper_bound - `${project}`.`${dataset}`.`wilson_score_bounds`(successes, failures).upper_bound) <= 1e-9,
      FALSE) AS ok
  FROM `${project}`.`${dataset}`.`${table}`
  WHERE successes >= 0 AND failures >= 0
);
