-- Do two references to one draw agree? A query that filters and sorts by the same draw relies on it.
-- group: sampler
-- meaning: A draw changes between two uses: filter and order disagree.
-- remedy: Write the draw to a temporary table first.
SELECT
  'sample_two_references' AS `check`,
  IF(COUNTIF(NOT COALESCE(first_use = second_use, FALSE)) = 0, 'pass', 'fail') AS status,
  CONCAT(CAST(COUNTIF(NOT COALESCE(first_use = second_use, FALSE)) AS STRING), ' of ', CAST(COUNT(*) AS STRING),
    ' rows saw two values of one draw') AS detail
FROM (
  SELECT draw AS first_use, draw AS second_use
  FROM (
    SELECT `${project}`.`${dataset}`.`wilson_sample`(s, 2) AS draw
    FROM (SELECT MOD(i, 5) AS s FROM UNNEST(GENERATE_ARRAY(1, ${draws})) AS i)
  )
);
