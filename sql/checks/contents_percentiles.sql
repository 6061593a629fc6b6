-- Are percentiles ordered as avg_emv within each page? Of two captions the better one never has the lower percentile, and equal ones share it.
SELECT
  'contents_percentiles' AS `check`,
  CASE WHEN COUNT(*) = 0 THEN 'skip' WHEN COUNTIF(least <= best_below) = 0 THEN 'pass' ELSE 'fail' END AS status,
  CONCAT(CAST(COUNTIF(least <= best_below) AS STRING), ' of ', CAST(COUNT(*) AS STRING),
    ' percentiles of a page begin at or below the avg_emv where a lower one ends') AS detail
FROM (
  SELECT
    least,
    MAX(most) OVER (
      PARTITION BY page_name ORDER BY performance_percentile ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS best_below
  FROM (
    SELECT page_name, performance_percentile, MIN(avg_emv) AS least, MAX(avg_emv) AS most
    FROM `${project}`.`${dataset}`.`${table}`
    WHERE performance_percentile IS NOT NULL AND avg_emv IS NOT NULL
    GROUP BY page_name, performance_percentile
  )
);
