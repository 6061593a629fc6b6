-- Does a call with constant arguments draw anew in every row, rather than once for the query?
SELECT
  'sample_distinct_constant' AS `check`,
  IF(COUNT(DISTINCT draw) >= 0.99e0 * COUNT(*), 'pass', 'fail') AS status,
  CONCAT(CAST(COUNT(DISTINCT draw) AS STRING), ' distinct values in ', CAST(COUNT(*) AS STRING), ' draws of wilson_sample(1, 1)') AS detail
FROM (
  SELECT i, `${project}`.`${dataset}`.`wilson_sample`(1, 1) AS draw
  FROM UNNEST(GENERATE_ARRAY(1, ${draws})) AS i
);
