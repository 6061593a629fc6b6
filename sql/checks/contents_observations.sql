-- Do successes + failures - 2 (the prior) add up to total_observations? A message without an EMV is observed but counts as neither, so
-- fewer is possible; more is not.
SELECT
  'contents_observations' AS `check`,
  CASE
    WHEN COUNT(*) = 0 THEN 'skip'
    WHEN COUNTIF(successes + failures - 2 > total_observations OR successes < 1 OR failures < 1) > 0 THEN 'fail'
    WHEN COUNTIF(successes + failures - 2 < total_observations) > 0 THEN 'warn'
    ELSE 'pass'
  END AS status,
  CONCAT(CAST(COUNTIF(successes + failures - 2 > total_observations) AS STRING), ' rows with more labels than observations, ',
    CAST(COUNTIF(successes + failures - 2 < total_observations) AS STRING), ' with fewer, ',
    CAST(COUNTIF(successes < 1 OR failures < 1) AS STRING), ' without the prior, of ', CAST(COUNT(*) AS STRING)) AS detail
FROM `${project}`.`${dataset}`.`${table}`;
