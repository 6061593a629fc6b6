-- Approximate draw from Beta(successes, failures), for Thompson sampling: g / (g + h) of two gamma variables, each
-- the cube of a normal number (Wilson and Hilferty 1931). Counts below 1/2 count as 1/2.
-- The normal number is the sum of twelve RAND() less 6 (variance 1, within 6): one expression, bounded, no logarithm.
-- NULL in: NULL out.
CREATE FUNCTION `${project}`.`${dataset}`.`beta_wilson_hilferty`(successes INT64, failures INT64)
RETURNS FLOAT64
AS (
  IF(successes IS NULL OR failures IS NULL, NULL,
     1e0 / (1e0 + GREATEST(failures, 0.5e0) * POW(GREATEST(0.01e0, 1e0 - 1e0 / (9e0 * GREATEST(failures, 0.5e0)) + (RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() - 6e0) / (3e0 * SQRT(GREATEST(failures, 0.5e0)))), 3e0)
                  / (GREATEST(successes, 0.5e0) * POW(GREATEST(0.01e0, 1e0 - 1e0 / (9e0 * GREATEST(successes, 0.5e0)) + (RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() - 6e0) / (3e0 * SQRT(GREATEST(successes, 0.5e0)))), 3e0))))
);
