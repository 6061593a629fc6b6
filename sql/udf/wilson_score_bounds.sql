-- Wilson score interval of successes / (successes + failures) at z = 1.96 (Wilson 1927), and 1 / sqrt(n + 1).
-- One flat expression with e0 literals: the same bits on every engine, in the operation order
-- d = 1 + z²/n, centre = (p + z²/2n) / d, half = z·sqrt(p(1 − p)/n + z²/4n²) / d.
-- No observations: (0, 1). NULL in: NULL out. Negative counts are undefined. Not rounded, not clamped.
CREATE FUNCTION `${project}`.`${dataset}`.`wilson_score_bounds`(successes INT64, failures INT64)
RETURNS STRUCT<lower_bound FLOAT64, upper_bound FLOAT64, exploration_bonus FLOAT64>
AS (
  STRUCT(
    IF(successes + failures = 0, 0e0,
       (successes / (successes + failures) + 1.96e0 * 1.96e0 / (2e0 * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures))
       - 1.96e0 * SQRT(successes / (successes + failures) * (1e0 - successes / (successes + failures)) / (successes + failures) + 1.96e0 * 1.96e0 / (4e0 * (successes + failures) * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures))) AS lower_bound,
    IF(successes + failures = 0, 1e0,
       (successes / (successes + failures) + 1.96e0 * 1.96e0 / (2e0 * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures))
       + 1.96e0 * SQRT(successes / (successes + failures) * (1e0 - successes / (successes + failures)) / (successes + failures) + 1.96e0 * 1.96e0 / (4e0 * (successes + failures) * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures))) AS upper_bound,
    1e0 / SQRT(successes + failures + 1) AS exploration_bonus
  )
);
