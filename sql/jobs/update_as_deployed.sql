-- The update job as it is deployed, for study: every run ADDS the roll-up of the last ${lookback_days} days, so a message is
-- counted at every run while it is that young (28 times at one run per 6 hours). Do not deploy this job;
-- update_caption_bandit_stats.sql counts each message once. The switches of the simulator are parameters:
--   now_us            time of the run, microseconds since 1970
--   lookback_days     days of messages in the roll-up;  median_days  days of messages in the median
--   exact_median      0: the lower middle value, within the tolerance of APPROX_QUANTILES(emv, 100)[OFFSET(50)]; 1: the median
--   null_sum_is_zero  0: the SUM of only NULL earnings is NULL and stays NULL for ever (a defect); 1: it is 0
--   decay, cap        counts are multiplied by `decay` before each addition (1e0: no decay) and scaled down to `cap` (0: no cap)
CREATE OR REPLACE TEMP TABLE job_rollup AS
WITH messages AS (
  SELECT
    page_name, caption_id, sending_time, sent_count, purchased_count, earnings,
    purchased_count / viewed_count * earnings AS emv
  FROM `${project}`.`${dataset}`.`${sends}`
  WHERE viewed_count > 0 AND UNIX_MICROS(sending_time) <= ${now_us}
),
ordered AS (
  SELECT
    page_name, emv,
    ROW_NUMBER() OVER (PARTITION BY page_name ORDER BY emv) AS place,
    COUNT(*) OVER (PARTITION BY page_name) AS size
  FROM messages
  WHERE emv IS NOT NULL AND UNIX_MICROS(sending_time) >= ${now_us} - CAST(${median_days} * 86400000000e0 AS INT64)
),
medians AS (
  SELECT
    page_name,
    IF(${exact_median} = 1,
       (MIN(IF(place >= (size + 1e0) / 2e0 - 0.5e0, emv, NULL)) + MIN(IF(place >= (size + 1e0) / 2e0, emv, NULL))) / 2e0,
       MIN(IF(place >= size / 2e0, emv, NULL))) AS median_emv
  FROM ordered
  GROUP BY page_name
)
SELECT
  messages.page_name,
  messages.caption_id,
  COUNT(*) AS observations,
  IF(${null_sum_is_zero} = 1, COALESCE(SUM(messages.earnings), 0e0), SUM(messages.earnings)) AS revenue,
  SUM(messages.purchased_count) / NULLIF(SUM(messages.sent_count), 0) AS conversion_rate,
  AVG(messages.emv) AS emv,
  COALESCE(SUM(IF(messages.emv > medians.median_emv, 1, 0)), 0) AS new_successes,
  COALESCE(SUM(IF(messages.emv <= medians.median_emv, 1, 0)), 0) AS new_failures
FROM messages
LEFT JOIN medians ON messages.page_name = medians.page_name
WHERE messages.caption_id IS NOT NULL
  AND UNIX_MICROS(messages.sending_time) >= ${now_us} - CAST(${lookback_days} * 86400000000e0 AS INT64)
GROUP BY messages.page_name, messages.caption_id;

-- The counts that each row will hold; `is_new` decides between the two exploration formulas and the NULLs of a new row.
CREATE OR REPLACE TEMP TABLE job_rows AS
WITH decayed AS (
  SELECT
    latest.*,
    stats.caption_id IS NULL AS is_new,
    stats.total_observations AS old_observations,
    stats.total_revenue AS old_revenue,
    IF(stats.caption_id IS NULL, 1, CAST(ROUND(stats.successes * ${decay}) AS INT64)) + latest.new_successes AS successes,
    IF(stats.caption_id IS NULL, 1, CAST(ROUND(stats.failures * ${decay}) AS INT64)) + latest.new_failures AS failures
  FROM job_rollup AS latest
  LEFT JOIN `${project}`.`${dataset}`.`${table}` AS stats
    ON latest.page_name = stats.page_name AND latest.caption_id = stats.caption_id
)
SELECT
  page_name, caption_id, is_new, observations, revenue, conversion_rate, emv, old_observations, old_revenue,
  IF(${cap} > 0 AND successes + failures > ${cap},
     CAST(ROUND(successes * (${cap} / (successes + failures))) AS INT64), successes) AS successes,
  IF(${cap} > 0 AND successes + failures > ${cap},
     CAST(ROUND(failures * (${cap} / (successes + failures))) AS INT64), failures) AS failures
FROM decayed;

UPDATE `${project}`.`${dataset}`.`${table}` AS stats
SET
  successes = job.successes,
  failures = job.failures,
  total_observations = job.old_observations + job.observations,
  total_revenue = job.old_revenue + job.revenue,
  avg_conversion_rate = job.conversion_rate,
  avg_emv = job.emv,
  last_emv_observed = job.emv,
  confidence_lower_bound = `${project}`.`${dataset}`.`wilson_score_bounds`(job.successes, job.failures).lower_bound,
  confidence_upper_bound = `${project}`.`${dataset}`.`wilson_score_bounds`(job.successes, job.failures).upper_bound,
  exploration_score = 1e0 / SQRT(job.successes + job.failures + 1),
  last_used = TIMESTAMP_MICROS(${now_us}),
  last_updated = TIMESTAMP_MICROS(${now_us})
FROM job_rows AS job
WHERE stats.page_name = job.page_name AND stats.caption_id = job.caption_id AND NOT job.is_new;

INSERT INTO `${project}`.`${dataset}`.`${table}` (
  caption_id, page_name, successes, failures, total_observations, total_revenue, avg_conversion_rate, avg_emv,
  last_emv_observed, confidence_lower_bound, confidence_upper_bound, exploration_score, last_used, last_updated,
  performance_percentile
)
SELECT
  caption_id, page_name, successes, failures, observations, revenue, conversion_rate, emv,
  CAST(NULL AS FLOAT64),
  `${project}`.`${dataset}`.`wilson_score_bounds`(successes, failures).lower_bound,
  `${project}`.`${dataset}`.`wilson_score_bounds`(successes, failures).upper_bound,
  1e0 / SQRT(successes + failures),
  CAST(NULL AS TIMESTAMP), TIMESTAMP_MICROS(${now_us}), CAST(NULL AS INT64)
FROM job_rows
WHERE is_new;

-- Percentiles of the whole table; ties share the lower rank, a page of one row has 0; last_updated stays.
UPDATE `${project}`.`${dataset}`.`${table}` AS stats
SET performance_percentile = ranked.percentile
FROM (
  SELECT
    page_name, caption_id,
    CAST(FLOOR(PERCENT_RANK() OVER (PARTITION BY page_name ORDER BY avg_emv) * 100e0) AS INT64) AS percentile
  FROM `${project}`.`${dataset}`.`${table}`
) AS ranked
WHERE stats.page_name = ranked.page_name AND stats.caption_id = ranked.caption_id;
