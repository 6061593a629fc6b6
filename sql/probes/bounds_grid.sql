-- wilson_score_bounds at all pairs from 0 to 60, and at one-sided and lopsided counts up to 1e9.
SELECT s, f, b.lower_bound, b.upper_bound, b.exploration_bonus
FROM (
  SELECT s, f, `${project}`.`${dataset}`.`wilson_score_bounds`(s, f) AS b
  FROM (
    SELECT s, f
    FROM UNNEST(GENERATE_ARRAY(0, 60)) AS s
    CROSS JOIN UNNEST(GENERATE_ARRAY(0, 60)) AS f
    UNION ALL
    SELECT s, f
    FROM UNNEST([0, 1, 2, 3, 5, 10, 30, 50, 70, 90, 100, 1000, 99999, 1000000, 999999999, 1000000000]) AS s
    CROSS JOIN UNNEST([0, 1, 2, 3, 5, 10, 30, 50, 70, 90, 100, 1000, 99999, 1000000, 999999999, 1000000000]) AS f
  )
)
ORDER BY s, f;
