-- What share of the captions was never sent? The update job leaves last_used NULL in a new row, though it makes the row
-- for a caption that was sent; only a row without observations was never sent.
-- group: operations
-- meaning: Many captions have a row but were never sent.
-- remedy: Look at eligibility, quotas and exploration.
-- option: unused_share = 0.3; warn of a larger share of captions never sent
-- scope: table
SELECT
  'operations_unused' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(unused) > ${unused_share} * COUNT(*) THEN 'warn' ELSE 'pass' END AS status,
  CONCAT(CAST(COUNTIF(unused) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' captions were never sent, ',
    CAST(COUNTIF(last_used IS NULL) AS STRING), ' not used since their row was made') AS detail
FROM (
  SELECT last_used, last_used IS NULL AND COALESCE(total_observations, 0) <= 0 AS unused
  FROM `${project}`.`${dataset}`.`${table}`
);
