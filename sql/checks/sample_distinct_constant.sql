-- Do 300,000 calls with constant arguments draw 300,000 different numbers? A draw made once for the query repeats, and so
-- do random numbers of few bits: of 53-bit numbers two agree in one of 100,000 verifications.
-- group: sampler
-- meaning: Rows share draws, or random numbers have so few bits that they repeat: captions tie.
-- remedy: Write the function as one expression with a plain RAND(); see sql/udf.
SELECT
  'sample_distinct_constant' AS `check`,
  IF(distinct_draws = draws, 'pass', 'fail') AS status,
  CONCAT(CAST(distinct_draws AS STRING), ' distinct values in ', CAST(draws AS STRING), ' draws of wilson_sample(1, 1)',
    IF(distinct_draws = draws OR 2 * distinct_draws < draws, '',
      CONCAT(', as of random numbers of about ',
        CAST(CAST(ROUND(LN(draws * (draws / (2e0 * GREATEST(draws - distinct_draws, 1)))) / LN(2e0)) AS INT64) AS STRING), ' bits'))) AS detail
FROM (
  SELECT COUNT(DISTINCT draw) AS distinct_draws, COUNT(*) AS draws
  FROM (
    SELECT i, `${project}`.`${dataset}`.`wilson_sample`(1, 1) AS draw
    FROM UNNEST(GENERATE_ARRAY(1, 300000)) AS i
  )
);
