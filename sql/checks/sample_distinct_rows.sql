-- Do rows with equal counts get draws of their own? Every cold caption is (1, 1): with shared draws they would tie.
-- group: sampler
-- meaning: Rows with equal counts share one draw: every cold caption ties.
-- remedy: Write the function as one expression; see sql/udf.
SELECT
  'sample_distinct_rows' AS `check`,
  IF(MIN(distinct_draws - draws) = 0, 'pass', 'fail') AS status,
  CONCAT('least distinct: ', CAST(MIN(distinct_draws) AS STRING), ' values in ', CAST(MIN(draws) AS STRING), ' rows with equal counts') AS detail
FROM (
  SELECT s, COUNT(DISTINCT draw) AS distinct_draws, COUNT(*) AS draws
  FROM (
    SELECT s, `${project}`.`${dataset}`.`wilson_sample`(s, 1) AS draw
    FROM (SELECT 1 + MOD(i, 4) AS s FROM UNNEST(GENERATE_ARRAY(1, ${draws})) AS i)
  )
  GROUP BY s
);
