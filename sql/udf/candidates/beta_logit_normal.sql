-- Approximate draw from Beta(successes, failures), for Thompson sampling: normal on the log-odds scale, with mean
-- ln(successes / failures) and variance 1/successes + 1/failures (delta method). Counts below 1/2 count as 1/2.
-- The normal number is the sum of twelve RAND() less 6 (variance 1, within 6): one expression, bounded, no logarithm.
-- NULL in: NULL out.
CREATE FUNCTION `${project}`.`${dataset}`.`beta_logit_normal`(successes INT64, failures INT64)
RETURNS FLOAT64
AS (
  IF(successes IS NULL OR failures IS NULL, NULL,
     1e0 / (1e0 + GREATEST(failures, 0.5e0) / GREATEST(successes, 0.5e0) * EXP(-SQRT(1e0 / GREATEST(successes, 0.5e0) + 1e0 / GREATEST(failures, 0.5e0)) * (RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() - 6e0))))
);
