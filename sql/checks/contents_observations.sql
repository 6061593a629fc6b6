-- Do successes + failures - 2 (the prior) add up to total_observations? A message without an EMV is observed but counts
-- as neither, so fewer is possible. More is possible only where each fan is a label, as in a simulated run with
-- `label: fan`: there the conversion rate is the share of successes.
-- group: contents
-- meaning: Labels and observations do not add up.
-- remedy: Fewer labels: messages without EMV. More labels, or no prior: look at the roll-up.
-- option: unlabelled_share = 0.5; warn where a larger share of the observations has no label
SELECT
  'contents_observations' AS `check`,
  CASE
    WHEN COUNT(*) = 0 THEN 'skip'
    WHEN COUNTIF(surplus OR unprimed) > 0 THEN 'fail'
    WHEN SUM(unlabelled) > ${unlabelled_share} * SUM(total_observations) THEN 'warn'
    ELSE 'pass'
  END AS status,
  CONCAT(CAST(COUNTIF(surplus) AS STRING), ' rows with more labels than observations, ',
    CAST(COUNTIF(unlabelled > 0) AS STRING), ' with fewer, ',
    CAST(COUNTIF(unprimed) AS STRING), ' without the prior, of ', CAST(COUNT(*) AS STRING)) AS detail
FROM (
  SELECT
    total_observations,
    COALESCE(successes < 1, FALSE) OR COALESCE(failures < 1, FALSE) AS unprimed,
    GREATEST(COALESCE(total_observations - (successes + failures - 2), 0), 0) AS unlabelled,
    COALESCE(successes + failures - 2 > total_observations, FALSE)
    AND NOT COALESCE(
      total_observations > 0
      AND ABS(avg_conversion_rate * (successes + failures - 2) - (successes - 1)) <= 1e-6 * (successes + failures)
      AND MOD(successes + failures - 2, GREATEST(total_observations, 1)) = 0, FALSE) AS surplus
  FROM `${project}`.`${dataset}`.`${table}`
);
