-- Count new messages into caption_bandit_stats, each exactly once.
--
-- schedule: every 6 hours
-- parameter: now_us INT64 now         time of the run, microseconds since 1970
-- parameter: settle_hours FLOAT64 0   age from which the counts of a message are final; younger messages wait
-- parameter: median_days FLOAT64 30   days of messages in the median of a page
--
-- Messages sent after the watermark and up to (now - settle_hours) are counted; then the watermark moves there. Table and
-- watermark change in one transaction, so a run that fails, is repeated, or meets another run changes nothing twice: of
-- two at once, both write the watermark, and the second fails or finds nothing to count. A NULL EMV is neither a success
-- nor a failure but counts as an observation; a NULL sum is 0. Averages are running means over all counted messages.
-- A row that the expire job archived is restored before it is added to. Percentiles of the pages concerned are
-- recomputed in the same MERGE; rows that change only in them keep last_updated.
BEGIN TRANSACTION;

MERGE INTO `${project}`.`${dataset}`.`${table}` AS stats
USING (
  WITH span AS (
    SELECT
      COALESCE(MAX(UNIX_MICROS(watermark)), -62135596800000000) AS from_us,
      ${now_us} - CAST(${settle_hours} * 3600000000e0 AS INT64) AS to_us
    FROM `${project}`.`${dataset}`.`caption_bandit_watermarks`
    WHERE job = 'update_caption_bandit_stats'
  ),
  messages AS (
    SELECT
      page_name, caption_id, sending_time, earnings, purchased_count,
      UNIX_MICROS(sending_time) AS sent_us,
      purchased_count / NULLIF(sent_count, 0) AS conversion_rate,
      purchased_count / viewed_count * earnings AS emv
    FROM `${project}`.`${dataset}`.`${sends}`
    WHERE viewed_count > 0 AND page_name IS NOT NULL AND UNIX_MICROS(sending_time) <= ${now_us}
  ),
  ordered AS (
    SELECT
      page_name, emv,
      ROW_NUMBER() OVER (PARTITION BY page_name ORDER BY emv) AS place,
      COUNT(*) OVER (PARTITION BY page_name) AS size
    FROM messages
    WHERE emv IS NOT NULL AND sent_us >= ${now_us} - CAST(${median_days} * 86400000000e0 AS INT64)
  ),
  medians AS (
    SELECT
      page_name,
      (MIN(IF(place >= (size + 1e0) / 2e0 - 0.5e0, emv, NULL)) + MIN(IF(place >= (size + 1e0) / 2e0, emv, NULL))) / 2e0
        AS median_emv
    FROM ordered
    GROUP BY page_name
  ),
  fresh AS (
    SELECT
      messages.page_name,
      messages.caption_id,
      COUNT(*) AS observations,
      COALESCE(SUM(messages.earnings), 0e0) AS revenue,
      COALESCE(SUM(COALESCE(messages.conversion_rate, 0e0)), 0e0) AS rates,
      COUNT(messages.emv) AS emvs,
      SUM(messages.emv) AS emv_total,
      MAX_BY(messages.emv, IF(messages.emv IS NULL, NULL, messages.sent_us)) AS emv_last,
      MAX(messages.sending_time) AS sent_last,
      COALESCE(SUM(IF(messages.emv > medians.median_emv, 1, 0)), 0) AS new_successes,
      COALESCE(SUM(IF(messages.emv <= medians.median_emv, 1, 0)), 0) AS new_failures
    FROM messages
    CROSS JOIN span
    LEFT JOIN medians ON messages.page_name = medians.page_name
    WHERE messages.caption_id IS NOT NULL AND messages.sent_us > span.from_us AND messages.sent_us <= span.to_us
    GROUP BY messages.page_name, messages.caption_id
  ),
  present AS (
    SELECT
      page_name, caption_id, successes, failures, total_observations, total_revenue, avg_conversion_rate, avg_emv,
      last_emv_observed, last_used
    FROM `${project}`.`${dataset}`.`${table}`
    WHERE page_name IN (SELECT page_name FROM fresh)
    UNION ALL
    SELECT
      archive.page_name, archive.caption_id, archive.successes, archive.failures, archive.total_observations,
      archive.total_revenue, archive.avg_conversion_rate, archive.avg_emv, archive.last_emv_observed, archive.last_used
    FROM `${project}`.`${dataset}`.`caption_bandit_archive` AS archive
    INNER JOIN fresh ON archive.page_name = fresh.page_name AND archive.caption_id = fresh.caption_id
    LEFT JOIN `${project}`.`${dataset}`.`${table}` AS kept
      ON archive.page_name = kept.page_name AND archive.caption_id = kept.caption_id
    WHERE kept.caption_id IS NULL
  ),
  joined AS (
    SELECT
      COALESCE(present.page_name, fresh.page_name) AS page_name,
      COALESCE(present.caption_id, fresh.caption_id) AS caption_id,
      fresh.caption_id IS NOT NULL AS is_fresh,
      COALESCE(present.successes, 1) + COALESCE(fresh.new_successes, 0) AS successes,
      COALESCE(present.failures, 1) + COALESCE(fresh.new_failures, 0) AS failures,
      COALESCE(present.total_observations, 0) + COALESCE(fresh.observations, 0) AS total_observations,
      COALESCE(present.total_revenue, 0e0) + COALESCE(fresh.revenue, 0e0) AS total_revenue,
      (COALESCE(present.avg_conversion_rate, 0e0) * COALESCE(present.total_observations, 0) + COALESCE(fresh.rates, 0e0))
        / NULLIF(COALESCE(present.total_observations, 0) + COALESCE(fresh.observations, 0), 0) AS avg_conversion_rate,
      IF(COALESCE(fresh.emvs, 0) = 0, present.avg_emv,
         (COALESCE(present.avg_emv, 0e0) * GREATEST(COALESCE(present.successes + present.failures, 2) - 2, 0)
           + fresh.emv_total)
         / (GREATEST(COALESCE(present.successes + present.failures, 2) - 2, 0) + fresh.emvs)) AS avg_emv,
      COALESCE(fresh.emv_last, present.last_emv_observed) AS last_emv_observed,
      COALESCE(GREATEST(present.last_used, fresh.sent_last), fresh.sent_last, present.last_used) AS last_used
    FROM present
    FULL JOIN fresh ON present.page_name = fresh.page_name AND present.caption_id = fresh.caption_id
  )
  SELECT
    joined.*,
    CAST(FLOOR(PERCENT_RANK() OVER (PARTITION BY page_name ORDER BY avg_emv) * 100e0) AS INT64) AS percentile
  FROM joined
) AS job
ON stats.page_name = job.page_name AND stats.caption_id = job.caption_id
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

MERGE INTO `${project}`.`${dataset}`.`caption_bandit_watermarks` AS marks
USING (
  SELECT
    'update_caption_bandit_stats' AS job,
    TIMESTAMP_MICROS(${now_us} - CAST(${settle_hours} * 3600000000e0 AS INT64)) AS watermark,
    COUNT(*) AS messages
  FROM `${project}`.`${dataset}`.`${sends}`
  WHERE viewed_count > 0 AND caption_id IS NOT NULL AND page_name IS NOT NULL
    AND UNIX_MICROS(sending_time) <= ${now_us} - CAST(${settle_hours} * 3600000000e0 AS INT64)
    AND UNIX_MICROS(sending_time) > (
      SELECT COALESCE(MAX(UNIX_MICROS(watermark)), -62135596800000000)
      FROM `${project}`.`${dataset}`.`caption_bandit_watermarks`
      WHERE job = 'update_caption_bandit_stats'
    )
) AS run
ON marks.job = run.job
WHEN MATCHED THEN UPDATE SET
  watermark = GREATEST(marks.watermark, run.watermark), updated = TIMESTAMP_MICROS(${now_us}), messages = run.messages
WHEN NOT MATCHED THEN INSERT (job, watermark, updated, messages)
  VALUES (run.job, run.watermark, TIMESTAMP_MICROS(${now_us}), run.messages);

COMMIT TRANSACTION;
