-- Mean of the Beta posterior under the page's own prior, for a ranking without draws (policy `posterior_mean`):
-- prior_successes + (successes - 1) over the same plus prior_failures + (failures - 1); the row starts with one success
-- and one failure, which the prior replaces. Fit the two numbers to the page: docs/what-to-deploy.md has the query.
-- A sum of 0 counts as no observations: 1/2. NULL in: NULL out.
CREATE FUNCTION `${project}`.`${dataset}`.`posterior_mean`(successes INT64, failures INT64, prior_successes FLOAT64, prior_failures FLOAT64)
RETURNS FLOAT64
AS (
  IF(successes IS NULL OR failures IS NULL OR prior_successes IS NULL OR prior_failures IS NULL, NULL,
     IF((prior_successes + GREATEST(successes - 1, 0)) + (prior_failures + GREATEST(failures - 1, 0)) = 0, 0.5e0,
        (prior_successes + GREATEST(successes - 1, 0)) / ((prior_successes + GREATEST(successes - 1, 0)) + (prior_failures + GREATEST(failures - 1, 0)))))
);
