-- Do counts come in multiples? A message that every refresh counts again, 28 times in 7 days of 6-hourly runs, leaves
-- successes - 1 and failures - 1 that share a factor. This needs no send log. Only rows with both kinds of label count.
-- group: contents
-- meaning: Messages are counted several times: intervals are far too narrow.
-- remedy: Count each message once: keep a watermark in the update job.
SELECT
  'contents_multiples' AS `check`,
  CASE
    WHEN COUNTIF(both_kinds) < 30 THEN 'skip'
    WHEN COUNTIF(by_2) > 0.9e0 * COUNTIF(both_kinds) OR COUNTIF(by_3) > 0.6e0 * COUNTIF(both_kinds)
      OR COUNTIF(by_5) > 0.4e0 * COUNTIF(both_kinds) OR COUNTIF(by_7) > 0.3e0 * COUNTIF(both_kinds)
      OR COUNTIF(by_11) > 0.3e0 * COUNTIF(both_kinds) OR COUNTIF(by_13) > 0.3e0 * COUNTIF(both_kinds)
      OR COUNTIF(by_28) > 0.2e0 * COUNTIF(both_kinds) THEN 'fail'
    ELSE 'pass'
  END AS status,
  CONCAT('of ', CAST(COUNTIF(both_kinds) AS STRING), ' rows with successes and failures, both are multiples of 28 in ',
    CAST(COUNTIF(by_28) AS STRING), ', of 2 in ', CAST(COUNTIF(by_2) AS STRING), ', 3 in ', CAST(COUNTIF(by_3) AS STRING),
    ', 5 in ', CAST(COUNTIF(by_5) AS STRING), ', 7 in ', CAST(COUNTIF(by_7) AS STRING),
    ', 11 in ', CAST(COUNTIF(by_11) AS STRING), ', 13 in ', CAST(COUNTIF(by_13) AS STRING)) AS detail
FROM (
  SELECT
    COALESCE(successes > 1 AND failures > 1, FALSE) AS both_kinds,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 2) = 0 AND MOD(failures - 1, 2) = 0, FALSE) AS by_2,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 3) = 0 AND MOD(failures - 1, 3) = 0, FALSE) AS by_3,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 5) = 0 AND MOD(failures - 1, 5) = 0, FALSE) AS by_5,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 7) = 0 AND MOD(failures - 1, 7) = 0, FALSE) AS by_7,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 11) = 0 AND MOD(failures - 1, 11) = 0, FALSE) AS by_11,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 13) = 0 AND MOD(failures - 1, 13) = 0, FALSE) AS by_13,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 28) = 0 AND MOD(failures - 1, 28) = 0, FALSE) AS by_28
  FROM `${project}`.`${dataset}`.`${table}`
);
