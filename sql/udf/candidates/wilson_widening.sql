-- wilson_sample with an interval that widens with the trials of the page, z = 1.96 · sqrt(1 + ln(1 + page_trials)), so
-- that no caption is locked out: one without new trials overlaps the others again some day (policy `wilson_widening`).
-- `page_trials`: messages of the page so far, as SUM(total_observations) OVER (PARTITION BY page_name).
-- One RAND(); no observations: any number of [0, 1]. NULL in: NULL out.
CREATE FUNCTION `${project}`.`${dataset}`.`wilson_widening`(successes INT64, failures INT64, page_trials INT64)
RETURNS FLOAT64
AS (
  IF(successes IS NULL OR failures IS NULL OR page_trials IS NULL, NULL, LEAST(1e0, GREATEST(0e0,
    IF(successes + failures = 0, 0e0,
       (successes / (successes + failures) + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (2e0 * (successes + failures))) / (1e0 + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (successes + failures))
       - (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * SQRT(successes / (successes + failures) * (1e0 - successes / (successes + failures)) / (successes + failures) + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (4e0 * (successes + failures) * (successes + failures))) / (1e0 + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (successes + failures)))
    + (
      IF(successes + failures = 0, 1e0,
         (successes / (successes + failures) + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (2e0 * (successes + failures))) / (1e0 + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (successes + failures))
         + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * SQRT(successes / (successes + failures) * (1e0 - successes / (successes + failures)) / (successes + failures) + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (4e0 * (successes + failures) * (successes + failures))) / (1e0 + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (successes + failures)))
      - IF(successes + failures = 0, 0e0,
           (successes / (successes + failures) + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (2e0 * (successes + failures))) / (1e0 + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (successes + failures))
           - (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * SQRT(successes / (successes + failures) * (1e0 - successes / (successes + failures)) / (successes + failures) + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (4e0 * (successes + failures) * (successes + failures))) / (1e0 + (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) * (1.96e0 * SQRT(1e0 + LN(1e0 + GREATEST(page_trials, 0)))) / (successes + failures)))
    ) * RAND())))
);
