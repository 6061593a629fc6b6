-- Write every attributed message once into caption_observations, with the propensity of the selection before it.
--
-- schedule: every day 01:00
-- parameter: now_us INT64 now           time of the run, microseconds since 1970
-- parameter: settle_hours FLOAT64 168   age from which the counts of a message are final; younger messages wait
--
-- The transaction first updates the row of caption_observations_lock: of two runs at once the later one fails, and
-- writes nothing. A message is thus written once, although keys are not enforced.
INSERT INTO `${project}`.`${dataset}`.`caption_observations_lock` (now_us)
SELECT 0 FROM (SELECT 1) WHERE NOT EXISTS (SELECT 1 FROM `${project}`.`${dataset}`.`caption_observations_lock`);

BEGIN TRANSACTION;

UPDATE `${project}`.`${dataset}`.`caption_observations_lock` SET now_us = ${now_us} WHERE TRUE;

MERGE INTO `${project}`.`${dataset}`.`caption_observations` AS observations
USING (
  SELECT * EXCEPT (recency)
  FROM (
    SELECT
      sends.row_id, sends.page_name, sends.caption_id, sends.sending_time, sends.sent_count, sends.viewed_count,
      sends.purchased_count, sends.earnings,
      sends.purchased_count / NULLIF(sends.viewed_count, 0) * sends.earnings AS emv,
      chosen.propensity,
      ROW_NUMBER() OVER (PARTITION BY sends.row_id ORDER BY chosen.selected_at DESC) AS recency
    FROM `${project}`.`${dataset}`.`${sends}` AS sends
    LEFT JOIN `${project}`.`${dataset}`.`caption_selections` AS chosen
      ON chosen.page_name = sends.page_name AND chosen.caption_id = sends.caption_id
      AND chosen.selected_at <= sends.sending_time
    WHERE sends.row_id IS NOT NULL AND sends.page_name IS NOT NULL AND sends.caption_id IS NOT NULL
      AND UNIX_MICROS(sends.sending_time) <= ${now_us} - CAST(${settle_hours} * 3600000000e0 AS INT64)
  )
  WHERE recency = 1
) AS job
ON observations.row_id = job.row_id
WHEN NOT MATCHED THEN INSERT (
  row_id, page_name, caption_id, sending_time, sent_count, viewed_count, purchased_count, earnings, emv, propensity,
  logged
) VALUES (
  job.row_id, job.page_name, job.caption_id, job.sending_time, job.sent_count, job.viewed_count, job.purchased_count,
  job.earnings, job.emv, job.propensity, TIMESTAMP_MICROS(${now_us})
);

COMMIT TRANSACTION;
