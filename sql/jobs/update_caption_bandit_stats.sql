-- Count new messages into caption_bandit_stats, each exactly once.
--
-- schedule: every 6 hours
-- parameter: now_us INT64 now         time of the run, microseconds since 1970
-- parameter: settle_hours FLOAT64 0   age from which the counts of a message are final; younger messages wait
-- parameter: median_days FLOAT64 30   days of messages in the median of a page
-- parameter: label INT64 0            1: success by dollars per view, among messages with a price; else by EMV
--
-- Every row carries its own watermark: last_used is the time of the latest message that it counts (last_updated where
-- last_used is NULL). Later messages, up to (now - settle_hours), are added and the watermark moves with them. All of it
-- is one MERGE in one transaction: a run that fails or is repeated counts nothing twice. The transaction first updates
-- the row of caption_stats_lock. Of two runs at once the later one therefore fails, and changes nothing: neither counts
-- a message twice nor inserts the row of a new caption twice, although keys are not enforced. A caption that has several
-- rows all the same (the deployed job leaves such) keeps the one with most observations. A NULL EMV is neither a success
-- nor a failure but counts as an observation; a NULL sum is 0. Averages are running means over all counted messages. A
-- row that the expire job archived is restored before it is added to. Percentiles of the pages concerned are recomputed
-- in the same MERGE; rows that change only in them keep last_updated.
-- A message succeeds where its value exceeds the median of its page. With label 1 the value is purchases per view times
-- price (`feedback.label: dollars_per_view` of the simulator). Before a page has a message with a price, its messages
-- have no label, and avg_emv weighs them less.
INSERT INTO `${project}`.`${dataset}`.`caption_stats_lock` (now_us)
SELECT 0 FROM (SELECT 1) WHERE NOT EXISTS (SELECT 1 FROM `${project}`.`${dataset}`.`caption_stats_lock`);

BEGIN TRANSACTION;

UPDATE `${project}`.`${dataset}`.`caption_stats_lock` SET now_us = ${now_us} WHERE TRUE;

MERGE INTO `${project}`.`${dataset}`.`${table}` AS stats
USING (
  WITH messages AS (
    SELECT
      page_name, caption_id, sending_time, earnings, purchased_count, price,
      UNIX_MICROS(sending_time) AS sent_us,
      purchased_count / NULLIF(sent_count, 0) AS conversion_rate,
      purchased_count / viewed_count * earnings AS emv,
      purchased_count / viewed_count * IF(${label} = 1 AND earnings IS NOT NULL, COALESCE(price, 0e0), earnings) AS value
    FROM `${project}`.`${dataset}`.`${sends}`
    WHERE viewed_count > 0 AND page_name IS NOT NULL AND UNIX_MICROS(sending_time) <= ${now_us}
  ),
  ordered AS (
    SELECT
      page_name, value,
      ROW_NUMBER() OVER (PARTITION BY page_name ORDER BY value) AS place,
      COUNT(*) OVER (PARTITION BY page_name) AS size
    FROM messages
    WHERE value IS NOT NULL AND (${label} != 1 OR price IS NOT NULL)
      AND sent_us >= ${now_us} - CAST(${median_days} * 86400000000e0 AS INT64)
  ),
  medians AS (
    SELECT
      page_name,
      (MIN(IF(place >= (size + 1e0) / 2e0 - 0.5e0, value, NULL)) + MIN(IF(place >= (size + 1e0) / 2e0, value, NULL)))
        / 2e0 AS median_value
    FROM ordered
    GROUP BY page_name
  ),
  copied AS (
    SELECT
      page_name, caption_id, successes, failures, total_observations, total_revenue, avg_conversion_rate, avg_emv,
      last_emv_observed, last_used, COALESCE(last_used, last_updated) AS counted_until,
      COUNT(*) OVER (PARTITION BY page_name, caption_id) AS copies,
      ROW_NUMBER() OVER (
        PARTITION BY page_name, caption_id ORDER BY total_observations DESC, last_updated DESC
      ) AS copy_number
    FROM `${project}`.`${dataset}`.`${table}`
  ),
  known AS (
    SELECT
      page_name, caption_id, successes, failures, total_observations, total_revenue, avg_conversion_rate, avg_emv,
      last_emv_observed, last_used, counted_until, FALSE AS is_archived, copies > 1 AS is_copied
    FROM copied
    WHERE copy_number = 1
    UNION ALL
    SELECT
      archive.page_name, archive.caption_id, archive.successes, archive.failures, archive.total_observations,
      archive.total_revenue, archive.avg_conversion_rate, archive.avg_emv, archive.last_emv_observed,
      archive.last_used, COALESCE(archive.last_used, archive.last_updated), TRUE, FALSE
    FROM `${project}`.`${dataset}`.`caption_bandit_archive` AS archive
    LEFT JOIN `${project}`.`${dataset}`.`${table}` AS kept
      ON archive.page_name = kept.page_name AND archive.caption_id = kept.caption_id
    WHERE kept.caption_id IS NULL
  ),
  counted AS (
    SELECT
      messages.*,
      ROW_NUMBER() OVER (
        PARTITION BY messages.page_name, messages.caption_id, messages.emv IS NULL ORDER BY messages.sent_us DESC
      ) AS recency
    FROM messages
    LEFT JOIN known ON messages.page_name = known.page_name AND messages.caption_id = known.caption_id
    WHERE messages.caption_id IS NOT NULL
      AND messages.sent_us <= ${now_us} - CAST(${settle_hours} * 3600000000e0 AS INT64)
      AND (known.counted_until IS NULL OR messages.sending_time > known.counted_until)
  ),
  fresh AS (
    SELECT
      counted.page_name,
      counted.caption_id,
      COUNT(*) AS observations,
      COALESCE(SUM(counted.earnings), 0e0) AS revenue,
      COALESCE(SUM(COALESCE(counted.conversion_rate, 0e0)), 0e0) AS rates,
      COUNT(counted.emv) AS emvs,
      SUM(counted.emv) AS emv_total,
      MAX(IF(counted.recency = 1, counted.emv, NULL)) AS emv_last,
      MAX(counted.sending_time) AS sent_last,
      COUNTIF(counted.value > medians.median_value) AS new_successes,
      COUNTIF(counted.value <= medians.median_value) AS new_failures
    FROM counted
    LEFT JOIN medians ON counted.page_name = medians.page_name
    GROUP BY counted.page_name, counted.caption_id
  ),
  joined AS (
    SELECT
      COALESCE(known.page_name, fresh.page_name) AS page_name,
      COALESCE(known.caption_id, fresh.caption_id) AS caption_id,
      fresh.caption_id IS NOT NULL AS is_fresh,
      COALESCE(known.is_copied, FALSE) AS is_copied,
      CAST(COALESCE(known.successes, 1) + COALESCE(fresh.new_successes, 0) AS INT64) AS successes,
      CAST(COALESCE(known.failures, 1) + COALESCE(fresh.new_failures, 0) AS INT64) AS failures,
      COALESCE(known.total_observations, 0) + COALESCE(fresh.observations, 0) AS total_observations,
      COALESCE(known.total_revenue, 0e0) + COALESCE(fresh.revenue, 0e0) AS total_revenue,
      (COALESCE(known.avg_conversion_rate, 0e0) * COALESCE(known.total_observations, 0) + COALESCE(fresh.rates, 0e0))
        / NULLIF(COALESCE(known.total_observations, 0) + COALESCE(fresh.observations, 0), 0) AS avg_conversion_rate,
      IF(COALESCE(fresh.emvs, 0) = 0, known.avg_emv,
         (COALESCE(known.avg_emv, 0e0) * GREATEST(COALESCE(known.successes + known.failures, 2) - 2, 0)
           + fresh.emv_total)
         / (GREATEST(COALESCE(known.successes + known.failures, 2) - 2, 0) + fresh.emvs)) AS avg_emv,
      COALESCE(fresh.emv_last, known.last_emv_observed) AS last_emv_observed,
      COALESCE(GREATEST(known.last_used, fresh.sent_last), fresh.sent_last, known.last_used) AS last_used
    FROM known
    FULL JOIN fresh ON known.page_name = fresh.page_name AND known.caption_id = fresh.caption_id
    WHERE fresh.caption_id IS NOT NULL
      OR (NOT known.is_archived AND known.page_name IN (
        SELECT page_name FROM fresh UNION ALL SELECT page_name FROM copied WHERE copies > 1
      ))
  ),
  ranked AS (
    SELECT
      joined.*,
      CAST(FLOOR(PERCENT_RANK() OVER (PARTITION BY page_name ORDER BY avg_emv) * 100e0) AS INT64) AS percentile
    FROM joined
  )
  SELECT ranked.*, FALSE AS replaces FROM ranked
  UNION ALL
  SELECT ranked.*, TRUE FROM ranked WHERE is_copied
) AS job
ON stats.page_name = job.page_name AND stats.caption_id = job.caption_id AND NOT job.replaces
WHEN MATCHED AND job.is_copied THEN DELETE
WHEN MATCHED AND job.is_fresh THEN UPDATE SET
  successes = job.successes,
  failures = job.failures,
  total_observations = job.total_observations,
  total_revenue = job.total_revenue,
  avg_conversion_rate = job.avg_conversion_rate,
  avg_emv = job.avg_emv,
  last_emv_observed = job.last_emv_observed,
  confidence_lower_bound = `${project}`.`${dataset}`.`wilson_score_bounds`(job.successes, job.failures).lower_bound,
  confidence_upper_bound = `${project}`.`${dataset}`.`wilson_score_bounds`(job.successes, job.failures).upper_bound,
  exploration_score = 1e0 / SQRT(job.successes + job.failures + 1),
  last_used = job.last_used,
  last_updated = TIMESTAMP_MICROS(${now_us}),
  performance_percentile = job.percentile
WHEN MATCHED THEN UPDATE SET performance_percentile = job.percentile
WHEN NOT MATCHED THEN INSERT (
  caption_id, page_name, successes, failures, total_observations, total_revenue, avg_conversion_rate, avg_emv,
  last_emv_observed, confidence_lower_bound, confidence_upper_bound, exploration_score, last_used, last_updated,
  performance_percentile
) VALUES (
  job.caption_id, job.page_name, job.successes, job.failures, job.total_observations, job.total_revenue,
  job.avg_conversion_rate, job.avg_emv, job.last_emv_observed,
  `${project}`.`${dataset}`.`wilson_score_bounds`(job.successes, job.failures).lower_bound,
  `${project}`.`${dataset}`.`wilson_score_bounds`(job.successes, job.failures).upper_bound,
  1e0 / SQRT(job.successes + job.failures + 1), job.last_used, TIMESTAMP_MICROS(${now_us}), job.percentile
);

COMMIT TRANSACTION;
