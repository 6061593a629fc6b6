-- A draw uniform on the Wilson interval of wilson_score_bounds, clamped to [0, 1]: lower + (upper - lower) * RAND().
-- One flat expression with a single RAND(): a fresh draw for every row and every call, also among equal counts and
-- for constant arguments, where a scalar subquery may be evaluated once. NULL in: NULL out.
CREATE FUNCTION `${project}`.`${dataset}`.`wilson_sample`(successes INT64, failures INT64)
RETURNS FLOAT64
AS (
  IF(successes IS NULL OR failures IS NULL, NULL, LEAST(1e0, GREATEST(0e0,
    IF(successes + failures = 0, 0e0,
       (successes / (successes + failures) + 1.96e0 * 1.96e0 / (2e0 * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures))
       - 1.96e0 * SQRT(successes / (successes + failures) * (1e0 - successes / (successes + failures)) / (successes + failures) + 1.96e0 * 1.96e0 / (4e0 * (successes + failures) * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures)))
    + (
      IF(successes + failures = 0, 1e0,
         (successes / (successes + failures) + 1.96e0 * 1.96e0 / (2e0 * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures))
         + 1.96e0 * SQRT(successes / (successes + failures) * (1e0 - successes / (successes + failures)) / (successes + failures) + 1.96e0 * 1.96e0 / (4e0 * (successes + failures) * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures)))
      - IF(successes + failures = 0, 0e0,
           (successes / (successes + failures) + 1.96e0 * 1.96e0 / (2e0 * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures))
           - 1.96e0 * SQRT(successes / (successes + failures) * (1e0 - successes / (successes + failures)) / (successes + failures) + 1.96e0 * 1.96e0 / (4e0 * (successes + failures) * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures)))
    ) * RAND())))
);
