-- Is performance_percentile INT(PERCENT_RANK() * 100) by avg_emv within the page, for every row? Rounded values are
-- accepted where the whole table has them.
-- group: contents
-- meaning: Percentiles are stale or computed in another way: reports rank captions wrongly.
-- remedy: Run the last step of the update job over the whole table.
-- scope: table
SELECT
  'contents_percentiles' AS `check`,
  CASE
    WHEN COUNT(*) = 0 THEN 'skip'
    WHEN COUNTIF(gap <= 1e-9 AND gap > IF(top, -1e-9, -1.000000001e0)) = COUNT(*) OR COUNTIF(ABS(gap) <= 0.500000001e0) = COUNT(*) THEN 'pass'
    ELSE 'fail'
  END AS status,
  CONCAT(CAST(COUNT(*) - COUNTIF(gap <= 1e-9 AND gap > IF(top, -1e-9, -1.000000001e0)) AS STRING), ' of ', CAST(COUNT(*) AS STRING),
    ' rows hold another percentile than the rank of avg_emv in their page') AS detail
FROM (
  SELECT
    performance_percentile - 100e0 * PERCENT_RANK() OVER (PARTITION BY page_name ORDER BY avg_emv) AS gap,
    PERCENT_RANK() OVER (PARTITION BY page_name ORDER BY avg_emv) = 1e0 AS top
  FROM `${project}`.`${dataset}`.`${table}`
);
