-- Select the captions of the next day for every page: the best per price tier by wilson_sample, with their propensity.
--
-- schedule: every day 00:00
-- parameter: now_us INT64 now            time of the run, microseconds since 1970
-- parameter: cool_down_days FLOAT64 7    a caption sent on a page this recently is left out there
-- parameter: budget INT64 5              captions per page of the tier `budget`, and so on
-- parameter: mid INT64 8
-- parameter: premium INT64 12
-- parameter: bump INT64 3
-- parameter: replays INT64 100           repetitions of the draw from which the propensity is estimated
--
-- A caption without a row enters as (1, 1). The propensity is (1 + replays in which it is selected) / (1 + replays): all
-- scores are drawn again that often, so it is above 0 and needs no formula. A run of the same `now_us` is not repeated,
-- and of two runs at once the later one fails, since both update the row of caption_selections_lock.
CREATE OR REPLACE TEMP TABLE job_draws AS
WITH pages AS (
  SELECT DISTINCT page_name FROM `${project}`.`${dataset}`.`${table}`
),
resting AS (
  SELECT DISTINCT page_name, caption_id
  FROM `${project}`.`${dataset}`.`${sends}`
  WHERE UNIX_MICROS(sending_time) > ${now_us} - CAST(${cool_down_days} * 86400000000e0 AS INT64)
    AND UNIX_MICROS(sending_time) <= ${now_us}
),
quotas AS (
  SELECT 'budget' AS price_tier, ${budget} AS quota
  UNION ALL SELECT 'mid', ${mid}
  UNION ALL SELECT 'premium', ${premium}
  UNION ALL SELECT 'bump', ${bump}
),
eligible AS (
  SELECT
    pages.page_name, bank.caption_id, bank.price_tier, quotas.quota,
    COALESCE(stats.successes, 1) AS successes, COALESCE(stats.failures, 1) AS failures
  FROM pages
  CROSS JOIN `${project}`.`${dataset}`.`caption_bank` AS bank
  INNER JOIN quotas ON bank.price_tier = quotas.price_tier
  LEFT JOIN `${project}`.`${dataset}`.`${table}` AS stats
    ON stats.page_name = pages.page_name AND stats.caption_id = bank.caption_id
  LEFT JOIN resting ON resting.page_name = pages.page_name AND resting.caption_id = bank.caption_id
  WHERE COALESCE(bank.active, TRUE) AND resting.caption_id IS NULL
)
SELECT
  page_name, caption_id, price_tier, quota, replay,
  `${project}`.`${dataset}`.`wilson_sample`(successes, failures) AS score
FROM eligible
CROSS JOIN UNNEST(GENERATE_ARRAY(0, ${replays})) AS replay;

CREATE OR REPLACE TEMP TABLE job_places AS
SELECT
  page_name, caption_id, price_tier, quota, replay, score,
  ROW_NUMBER() OVER (PARTITION BY page_name, price_tier, replay ORDER BY score DESC, caption_id) AS place
FROM job_draws;

INSERT INTO `${project}`.`${dataset}`.`caption_selections_lock` (now_us)
SELECT 0 FROM (SELECT 1) WHERE NOT EXISTS (SELECT 1 FROM `${project}`.`${dataset}`.`caption_selections_lock`);

BEGIN TRANSACTION;

UPDATE `${project}`.`${dataset}`.`caption_selections_lock` SET now_us = ${now_us} WHERE TRUE;

INSERT INTO `${project}`.`${dataset}`.`caption_selections` (
  selected_at, page_name, caption_id, price_tier, place, score, propensity
)
SELECT
  TIMESTAMP_MICROS(${now_us}), first_draw.page_name, first_draw.caption_id, first_draw.price_tier, first_draw.place,
  first_draw.score, replayed.selections / (1e0 + ${replays})
FROM job_places AS first_draw
INNER JOIN (
  SELECT page_name, caption_id, COUNTIF(place <= quota) AS selections
  FROM job_places
  GROUP BY page_name, caption_id
) AS replayed
  ON first_draw.page_name = replayed.page_name AND first_draw.caption_id = replayed.caption_id
WHERE first_draw.replay = 0 AND first_draw.place <= first_draw.quota
  AND NOT EXISTS (
    SELECT 1 FROM `${project}`.`${dataset}`.`caption_selections` AS earlier
    WHERE earlier.selected_at = TIMESTAMP_MICROS(${now_us})
  );

COMMIT TRANSACTION;
