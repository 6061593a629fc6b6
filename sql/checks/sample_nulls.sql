-- Does wilson_sample of a NULL count give NULL?
-- group: sampler
-- meaning: A NULL count gives a draw.
-- remedy: Show the difference with `deploy --dry-run`; then run `deploy`, with --replace if another function is there.
SELECT
  'sample_nulls' AS `check`,
  IF(COUNTIF(draw IS NOT NULL) = 0, 'pass', 'fail') AS status,
  CONCAT(CAST(COUNTIF(draw IS NOT NULL) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' calls with a NULL gave a number') AS detail
FROM (
  SELECT `${project}`.`${dataset}`.`wilson_sample`(s, f) AS draw
  FROM (
    SELECT CAST(NULL AS INT64) AS s, 1 AS f
    UNION ALL SELECT 1, NULL
    UNION ALL SELECT NULL, NULL
  )
);
