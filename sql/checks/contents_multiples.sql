-- Do counts come in multiples? A message that every refresh counts again, up to 28 times in 7 days of 6-hourly runs,
-- leaves successes - 1 and failures - 1 that share a factor. This needs no send log. Factors of 14 to 28 show in the
-- successes alone, also where the newest messages are still being counted, in 40 % of the rows, or in 5 % of them and twice
-- as often as both neighbours of the factor (some pages only); smaller ones where both kinds share them.
-- group: contents
-- meaning: Messages are counted several times: intervals are far too narrow.
-- remedy: Count each message once: keep a watermark in the update job.
SELECT
  'contents_multiples' AS `check`,
  CASE
    WHEN COUNTIF(with_successes) < 30 THEN 'skip'
    WHEN COUNTIF(s_14) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_14) >= 30 AND COUNTIF(s_14) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_14) > 2 * (COUNTIF(s_13) + COUNTIF(s_15))
      OR COUNTIF(s_15) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_15) >= 30 AND COUNTIF(s_15) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_15) > 2 * (COUNTIF(s_14) + COUNTIF(s_16))
      OR COUNTIF(s_16) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_16) >= 30 AND COUNTIF(s_16) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_16) > 2 * (COUNTIF(s_15) + COUNTIF(s_17))
      OR COUNTIF(s_17) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_17) >= 30 AND COUNTIF(s_17) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_17) > 2 * (COUNTIF(s_16) + COUNTIF(s_18))
      OR COUNTIF(s_18) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_18) >= 30 AND COUNTIF(s_18) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_18) > 2 * (COUNTIF(s_17) + COUNTIF(s_19))
      OR COUNTIF(s_19) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_19) >= 30 AND COUNTIF(s_19) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_19) > 2 * (COUNTIF(s_18) + COUNTIF(s_20))
      OR COUNTIF(s_20) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_20) >= 30 AND COUNTIF(s_20) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_20) > 2 * (COUNTIF(s_19) + COUNTIF(s_21))
      OR COUNTIF(s_21) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_21) >= 30 AND COUNTIF(s_21) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_21) > 2 * (COUNTIF(s_20) + COUNTIF(s_22))
      OR COUNTIF(s_22) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_22) >= 30 AND COUNTIF(s_22) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_22) > 2 * (COUNTIF(s_21) + COUNTIF(s_23))
      OR COUNTIF(s_23) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_23) >= 30 AND COUNTIF(s_23) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_23) > 2 * (COUNTIF(s_22) + COUNTIF(s_24))
      OR COUNTIF(s_24) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_24) >= 30 AND COUNTIF(s_24) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_24) > 2 * (COUNTIF(s_23) + COUNTIF(s_25))
      OR COUNTIF(s_25) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_25) >= 30 AND COUNTIF(s_25) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_25) > 2 * (COUNTIF(s_24) + COUNTIF(s_26))
      OR COUNTIF(s_26) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_26) >= 30 AND COUNTIF(s_26) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_26) > 2 * (COUNTIF(s_25) + COUNTIF(s_27))
      OR COUNTIF(s_27) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_27) >= 30 AND COUNTIF(s_27) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_27) > 2 * (COUNTIF(s_26) + COUNTIF(s_28))
      OR COUNTIF(s_28) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_28) >= 30 AND COUNTIF(s_28) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_28) > 2 * (COUNTIF(s_27) + COUNTIF(s_29))
    THEN 'fail'
    WHEN COUNTIF(both_kinds) < 30 THEN 'pass'
    WHEN COUNTIF(by_2) > 0.9e0 * COUNTIF(both_kinds)
      OR COUNTIF(by_3) > 0.6e0 * COUNTIF(both_kinds)
      OR COUNTIF(by_5) > 0.4e0 * COUNTIF(both_kinds)
      OR COUNTIF(by_7) > 0.3e0 * COUNTIF(both_kinds)
      OR COUNTIF(by_11) > 0.3e0 * COUNTIF(both_kinds)
      OR COUNTIF(by_13) > 0.3e0 * COUNTIF(both_kinds) THEN 'fail'
    ELSE 'pass'
  END AS status,
  CONCAT('of ', CAST(COUNTIF(with_successes) AS STRING), ' rows with successes, ',
    CAST(GREATEST(COUNTIF(s_14), COUNTIF(s_15), COUNTIF(s_16), COUNTIF(s_17), COUNTIF(s_18), COUNTIF(s_19), COUNTIF(s_20), COUNTIF(s_21),
      COUNTIF(s_22), COUNTIF(s_23), COUNTIF(s_24), COUNTIF(s_25), COUNTIF(s_26), COUNTIF(s_27), COUNTIF(s_28)) AS STRING),
    ' have multiples of the same number from 14 to 28',
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_14) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_14) >= 30 AND COUNTIF(s_14) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_14) > 2 * (COUNTIF(s_13) + COUNTIF(s_15))),
      ' (14)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_15) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_15) >= 30 AND COUNTIF(s_15) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_15) > 2 * (COUNTIF(s_14) + COUNTIF(s_16))),
      ' (15)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_16) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_16) >= 30 AND COUNTIF(s_16) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_16) > 2 * (COUNTIF(s_15) + COUNTIF(s_17))),
      ' (16)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_17) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_17) >= 30 AND COUNTIF(s_17) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_17) > 2 * (COUNTIF(s_16) + COUNTIF(s_18))),
      ' (17)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_18) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_18) >= 30 AND COUNTIF(s_18) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_18) > 2 * (COUNTIF(s_17) + COUNTIF(s_19))),
      ' (18)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_19) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_19) >= 30 AND COUNTIF(s_19) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_19) > 2 * (COUNTIF(s_18) + COUNTIF(s_20))),
      ' (19)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_20) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_20) >= 30 AND COUNTIF(s_20) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_20) > 2 * (COUNTIF(s_19) + COUNTIF(s_21))),
      ' (20)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_21) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_21) >= 30 AND COUNTIF(s_21) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_21) > 2 * (COUNTIF(s_20) + COUNTIF(s_22))),
      ' (21)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_22) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_22) >= 30 AND COUNTIF(s_22) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_22) > 2 * (COUNTIF(s_21) + COUNTIF(s_23))),
      ' (22)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_23) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_23) >= 30 AND COUNTIF(s_23) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_23) > 2 * (COUNTIF(s_22) + COUNTIF(s_24))),
      ' (23)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_24) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_24) >= 30 AND COUNTIF(s_24) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_24) > 2 * (COUNTIF(s_23) + COUNTIF(s_25))),
      ' (24)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_25) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_25) >= 30 AND COUNTIF(s_25) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_25) > 2 * (COUNTIF(s_24) + COUNTIF(s_26))),
      ' (25)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_26) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_26) >= 30 AND COUNTIF(s_26) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_26) > 2 * (COUNTIF(s_25) + COUNTIF(s_27))),
      ' (26)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_27) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_27) >= 30 AND COUNTIF(s_27) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_27) > 2 * (COUNTIF(s_26) + COUNTIF(s_28))),
      ' (27)', ''),
    IF(COUNTIF(with_successes) >= 30 AND (COUNTIF(s_28) > 0.4e0 * COUNTIF(with_successes)
      OR COUNTIF(s_28) >= 30 AND COUNTIF(s_28) > 0.05e0 * COUNTIF(with_successes) AND COUNTIF(s_28) > 2 * (COUNTIF(s_27) + COUNTIF(s_29))),
      ' (28)', ''),
    '; of ', CAST(COUNTIF(both_kinds) AS STRING), ' rows with failures too, both are multiples of 2 in ',
    CAST(COUNTIF(by_2) AS STRING), ', 3 in ', CAST(COUNTIF(by_3) AS STRING), ', 5 in ', CAST(COUNTIF(by_5) AS STRING),
    ', 7 in ', CAST(COUNTIF(by_7) AS STRING), ', 11 in ', CAST(COUNTIF(by_11) AS STRING), ', 13 in ', CAST(COUNTIF(by_13) AS STRING)) AS detail
FROM (
  SELECT
    COALESCE(successes > 1, FALSE) AS with_successes,
    COALESCE(successes > 1 AND failures > 1, FALSE) AS both_kinds,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 2) = 0 AND MOD(failures - 1, 2) = 0, FALSE) AS by_2,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 3) = 0 AND MOD(failures - 1, 3) = 0, FALSE) AS by_3,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 5) = 0 AND MOD(failures - 1, 5) = 0, FALSE) AS by_5,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 7) = 0 AND MOD(failures - 1, 7) = 0, FALSE) AS by_7,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 11) = 0 AND MOD(failures - 1, 11) = 0, FALSE) AS by_11,
    COALESCE(successes > 1 AND failures > 1 AND MOD(successes - 1, 13) = 0 AND MOD(failures - 1, 13) = 0, FALSE) AS by_13,
    COALESCE(successes > 1 AND MOD(successes - 1, 13) = 0, FALSE) AS s_13,
    COALESCE(successes > 1 AND MOD(successes - 1, 14) = 0, FALSE) AS s_14,
    COALESCE(successes > 1 AND MOD(successes - 1, 15) = 0, FALSE) AS s_15,
    COALESCE(successes > 1 AND MOD(successes - 1, 16) = 0, FALSE) AS s_16,
    COALESCE(successes > 1 AND MOD(successes - 1, 17) = 0, FALSE) AS s_17,
    COALESCE(successes > 1 AND MOD(successes - 1, 18) = 0, FALSE) AS s_18,
    COALESCE(successes > 1 AND MOD(successes - 1, 19) = 0, FALSE) AS s_19,
    COALESCE(successes > 1 AND MOD(successes - 1, 20) = 0, FALSE) AS s_20,
    COALESCE(successes > 1 AND MOD(successes - 1, 21) = 0, FALSE) AS s_21,
    COALESCE(successes > 1 AND MOD(successes - 1, 22) = 0, FALSE) AS s_22,
    COALESCE(successes > 1 AND MOD(successes - 1, 23) = 0, FALSE) AS s_23,
    COALESCE(successes > 1 AND MOD(successes - 1, 24) = 0, FALSE) AS s_24,
    COALESCE(successes > 1 AND MOD(successes - 1, 25) = 0, FALSE) AS s_25,
    COALESCE(successes > 1 AND MOD(successes - 1, 26) = 0, FALSE) AS s_26,
    COALESCE(successes > 1 AND MOD(successes - 1, 27) = 0, FALSE) AS s_27,
    COALESCE(successes > 1 AND MOD(successes - 1, 28) = 0, FALSE) AS s_28,
    COALESCE(successes > 1 AND MOD(successes - 1, 29) = 0, FALSE) AS s_29
  FROM `${project}`.`${dataset}`.`${table}`
);
