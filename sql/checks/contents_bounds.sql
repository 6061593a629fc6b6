-- Are the stored bounds those that wilson_score_bounds gives for the stored counts, within 1e-9?
-- group: contents
-- meaning: Stored bounds are stale or wrong: readers of the table see other intervals.
-- remedy: Recompute the column from successes and failures with the deployed function, in one UPDATE.
SELECT
  'contents_bounds' AS `check`,
  CASE WHEN COUNTIF(counted) = 0 THEN 'skip' WHEN COUNTIF(counted AND NOT near) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(counted AND NOT near) AS STRING), ' of ', CAST(COUNTIF(counted) AS STRING), ' rows hold other bounds') AS detail
FROM (
  SELECT
    COALESCE(successes >= 0 AND failures >= 0, FALSE) AS counted,
    COALESCE(
      ABS(confidence_lower_bound - `${project}`.`${dataset}`.`wilson_score_bounds`(
        GREATEST(successes, 0), GREATEST(failures, 0)).lower_bound) <= 1e-9
      AND ABS(confidence_upper_bound - `${project}`.`${dataset}`.`wilson_score_bounds`(
        GREATEST(successes, 0), GREATEST(failures, 0)).upper_bound) <= 1e-9,
      FALSE) AS near
  FROM `${project}`.`${dataset}`.`${table}`
);
