-- A normal draw around the centre of the Wilson interval at z = 1.96, with the standard deviation half width / 1.96,
-- clamped to [0, 1]: a caption that looks bad keeps a small chance, where wilson_sample may lock it out.
-- The normal number is the sum of twelve RAND() less 6 (variance 1, within 6): one expression, bounded, no logarithm.
-- No observations: centre 1/2, standard deviation 1/2. NULL in: NULL out.
CREATE FUNCTION `${project}`.`${dataset}`.`wilson_gaussian`(successes INT64, failures INT64)
RETURNS FLOAT64
AS (
  IF(successes IS NULL OR failures IS NULL, NULL, LEAST(1e0, GREATEST(0e0,
    IF(successes + failures = 0, 0.5e0,
       (successes / (successes + failures) + 1.96e0 * 1.96e0 / (2e0 * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures)))
    + IF(successes + failures = 0, 0.5e0,
         SQRT(successes / (successes + failures) * (1e0 - successes / (successes + failures)) / (successes + failures) + 1.96e0 * 1.96e0 / (4e0 * (successes + failures) * (successes + failures))) / (1e0 + 1.96e0 * 1.96e0 / (successes + failures)))
      * (RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() - 6e0))))
);
