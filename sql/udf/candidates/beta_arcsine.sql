-- Approximate draw from Beta(successes, failures), for Thompson sampling: normal on the arcsine scale, where the
-- variance is 1 / 4n whatever the rate (Anscombe 1948), n = successes + failures. No observations: n = 1, rate 1/2.
-- The normal number is the sum of twelve RAND() less 6 (variance 1, within 6): one expression, bounded, no logarithm.
-- NULL in: NULL out.
CREATE FUNCTION `${project}`.`${dataset}`.`beta_arcsine`(successes INT64, failures INT64)
RETURNS FLOAT64
AS (
  IF(successes IS NULL OR failures IS NULL, NULL,
     POW(SIN(LEAST(1.5707963267948966e0, GREATEST(0e0,
       ASIN(SQRT(IF(successes + failures = 0, 0.5e0, successes / (successes + failures))))
       + (RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() - 6e0) / (2e0 * SQRT(GREATEST(successes + failures, 1)))))), 2e0))
);
