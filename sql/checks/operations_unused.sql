-- What share of the captions has never been used since its row exists?
SELECT
  'operations_unused' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(last_used IS NULL) > ${share} * COUNT(*) THEN 'warn' ELSE 'pass' END AS status,
  CONCAT(CAST(COUNTIF(last_used IS NULL) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' captions never used') AS detail
FROM `${project}`.`${dataset}`.`${table}`;
