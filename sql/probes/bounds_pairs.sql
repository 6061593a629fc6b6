-- wilson_score_bounds at ${pairs} pairs, log-uniform from 0 to 1e9: multiples of two irrational-like fractions, so no random numbers.
SELECT s, f, b.lower_bound, b.upper_bound, b.exploration_bonus
FROM (
  SELECT s, f, `${project}`.`${dataset}`.`wilson_score_bounds`(s, f) AS b
  FROM (
    SELECT
      CAST(FLOOR(EXP(20.723265836946411e0 * MOD(i * 1327217885, 2147483647) / 2147483647e0)) AS INT64) - 1 AS s,
      CAST(FLOOR(EXP(20.723265836946411e0 * MOD(i * 889516852, 2147483647) / 2147483647e0)) AS INT64) - 1 AS f
    FROM UNNEST(GENERATE_ARRAY(1, ${pairs})) AS i
  )
);
