-- ${draws} draws of wilson_sample in each of nine cells, row by row through the cells.
SELECT cells.cell, draw
FROM (
  SELECT i, cell, `${project}`.`${dataset}`.`wilson_sample`(s, f) AS draw
  FROM (
    SELECT 0 AS cell, 0 AS s, 0 AS f
    UNION ALL SELECT 1, 1, 1
    UNION ALL SELECT 2, 1, 0
    UNION ALL SELECT 3, 0, 1
    UNION ALL SELECT 4, 10, 90
    UNION ALL SELECT 5, 90, 10
    UNION ALL SELECT 6, 1000, 1
    UNION ALL SELECT 7, 3, 100000
    UNION ALL SELECT 8, 500000000, 500000000
  )
  CROSS JOIN UNNEST(GENERATE_ARRAY(1, ${draws})) AS i
) AS cells
ORDER BY i, cell;
