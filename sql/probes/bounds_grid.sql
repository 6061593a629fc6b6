-- wilson_score_bounds at the edges: nothing, ones, tens, one-sided and lopsided counts up to 1e9.
SELECT s, f, b.lower_bound, b.upper_bound, b.exploration_bonus
FROM (
  SELECT s, f, `${project}`.`${dataset}`.`wilson_score_bounds`(s, f) AS b
  FROM UNNEST([0, 1, 2, 3, 5, 10, 30, 50, 70, 90, 100, 1000, 99999, 1000000, 999999999, 1000000000]) AS s
  CROSS JOIN UNNEST([0, 1, 2, 3, 5, 10, 30, 50, 70, 90, 100, 1000, 99999, 1000000, 999999999, 1000000000]) AS f
)
ORDER BY s, f;
