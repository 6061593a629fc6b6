-- What share of the captions has not been used since its row was made? The update job leaves last_used NULL in a new
-- row, though it makes the row for a caption that was sent; only a row without observations was never sent at all.
SELECT
  'operations_unused' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(last_used IS NULL) > ${share} * COUNT(*) THEN 'warn' ELSE 'pass' END AS status,
  CONCAT(CAST(COUNTIF(last_used IS NULL) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' captions not used since their row was made, ',
    CAST(COUNTIF(last_used IS NULL AND COALESCE(total_observations, 0) <= 0) AS STRING), ' of them never sent') AS detail
FROM `${project}`.`${dataset}`.`${table}`;
