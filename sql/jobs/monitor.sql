-- The state of the bandit's tables: one row per check, with its status (pass, warn or fail) and a detail. Reads only.
--
-- schedule: every hour
-- parameter: now_us INT64 now              time of the run, microseconds since 1970
-- parameter: warn_hours FLOAT64 8          staleness: age of the newest row
-- parameter: fail_hours FLOAT64 12
-- parameter: growth_per_hour FLOAT64 10000 rows written in the last day, per hour
-- parameter: unused_share FLOAT64 0.3      captions of the bank that were never sent
-- parameter: recount_limit FLOAT64 1       observations per message in the log
WITH stats AS (
  SELECT
    COUNT(*) AS stored,
    COUNT(DISTINCT CONCAT(page_name, '/', CAST(caption_id AS STRING))) AS distinct_keys,
    (${now_us} - MAX(UNIX_MICROS(last_updated))) / 3600000000e0 AS age_hours,
    COUNTIF(UNIX_MICROS(last_updated) > ${now_us} - 86400000000) / 24e0 AS written_per_hour,
    COALESCE(SUM(total_observations), 0) AS observations
  FROM `${project}`.`${dataset}`.`${table}`
),
counted AS (
  SELECT COUNT(*) AS messages
  FROM `${project}`.`${dataset}`.`${sends}`
  WHERE viewed_count > 0 AND caption_id IS NOT NULL AND UNIX_MICROS(sending_time) <= ${now_us}
),
bank_use AS (
  SELECT
    COUNT(*) AS captions,
    COUNTIF(used.caption_id IS NULL) AS unused
  FROM `${project}`.`${dataset}`.`caption_bank` AS bank
  LEFT JOIN (SELECT DISTINCT caption_id FROM `${project}`.`${dataset}`.`${sends}`) AS used
    ON bank.caption_id = used.caption_id
)
SELECT
  'staleness' AS check,
  CASE WHEN age_hours IS NULL OR age_hours > ${fail_hours} THEN 'fail'
       WHEN age_hours > ${warn_hours} THEN 'warn' ELSE 'pass' END AS status,
  CONCAT('newest row ', COALESCE(CAST(ROUND(age_hours, 1) AS STRING), 'never'), ' h old') AS detail
FROM stats
UNION ALL
SELECT
  'growth', IF(written_per_hour > ${growth_per_hour}, 'warn', 'pass'),
  CONCAT(CAST(ROUND(written_per_hour, 1) AS STRING), ' rows written per hour in the last day')
FROM stats
UNION ALL
SELECT
  'unused_share', IF(unused > ${unused_share} * captions, 'warn', 'pass'),
  CONCAT(CAST(unused AS STRING), ' of ', CAST(captions AS STRING), ' captions of the bank were never sent')
FROM bank_use
UNION ALL
SELECT
  'duplicates', IF(stored > distinct_keys, 'fail', 'pass'),
  CONCAT(CAST(stored - distinct_keys AS STRING), ' rows repeat a key')
FROM stats
UNION ALL
SELECT
  'recount', IF(observations > ${recount_limit} * messages, 'fail', 'pass'),
  CONCAT(CAST(observations AS STRING), ' observations of ', CAST(messages AS STRING), ' messages')
FROM stats CROSS JOIN counted;
