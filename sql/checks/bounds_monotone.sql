-- Does one more success raise both bounds, one more failure lower them, and does the interval hold the observed share?
-- group: bounds
-- meaning: More successes can lower the interval: captions are ranked wrongly.
-- remedy: Show the difference with `deploy --dry-run`; then run `deploy`, with --replace if another function is there.
SELECT
  'bounds_monotone' AS `check`,
  IF(COUNTIF(NOT ok) = 0, 'pass', 'fail') AS status,
  CONCAT(CAST(COUNTIF(NOT ok) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' pairs break the order') AS detail
FROM (
  SELECT
    COALESCE(
      success_more.lower_bound >= here.lower_bound - 1e-12 AND success_more.upper_bound >= here.upper_bound - 1e-12
      AND failure_more.lower_bound <= here.lower_bound + 1e-12 AND failure_more.upper_bound <= here.upper_bound + 1e-12
      AND here.lower_bound >= -1e-12 AND here.upper_bound <= 1e0 + 1e-12 AND here.lower_bound <= here.upper_bound
      AND (s + f = 0 OR (here.lower_bound <= share + 1e-12 AND share - 1e-12 <= here.upper_bound)), FALSE) AS ok
  FROM (
    SELECT
      s, f, IF(s + f = 0, 0e0, s / (s + f)) AS share,
      `${project}`.`${dataset}`.`wilson_score_bounds`(s, f) AS here,
      `${project}`.`${dataset}`.`wilson_score_bounds`(s + 1, f) AS success_more,
      `${project}`.`${dataset}`.`wilson_score_bounds`(s, f + 1) AS failure_more
    FROM UNNEST([0, 1, 2, 3, 7, 10, 30, 99, 100, 1000, 54321, 1000000, 1000000000]) AS s
    CROSS JOIN UNNEST([0, 1, 2, 3, 7, 10, 30, 99, 100, 1000, 54321, 1000000, 1000000000]) AS f
    WHERE s + f > 0
  )
);
