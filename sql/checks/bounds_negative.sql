-- Do negative counts stay visibly wrong? They are undefined: an error, or NULL, but no credible interval. (An error here passes.)
-- group: bounds
-- meaning: Negative counts give a credible interval: corrupt rows go unnoticed.
-- remedy: Check counts before use; see contents_ranges.
-- refusal: pass
SELECT
  'bounds_negative' AS `check`,
  IF(COUNTIF(credible) = 0, 'pass', 'warn') AS status,
  CONCAT(CAST(COUNTIF(credible) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' negative counts gave a credible interval') AS detail
FROM (
  SELECT COALESCE(b.lower_bound >= 0e0 AND b.upper_bound <= 1e0 AND b.lower_bound <= b.upper_bound, FALSE) AS credible
  FROM (
    SELECT `${project}`.`${dataset}`.`wilson_score_bounds`(s, f) AS b
    FROM (SELECT -1 AS s, 5 AS f UNION ALL SELECT 5, -1)
  )
);
