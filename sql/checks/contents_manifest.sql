-- Does the table hold at least the rows of its newest recorded load? Asked until a row is updated after the load.
-- group: contents
-- meaning: Rows of a load are missing: somebody deleted them, or a partition expired.
-- remedy: Run the load again with --replace.
-- scope: table
SELECT
  'contents_manifest' AS `check`,
  CASE
    WHEN loaded.row_count IS NULL OR held.newest_us > UNIX_MICROS(loaded.published) THEN 'skip'
    WHEN held.held_rows >= loaded.row_count THEN 'pass'
    ELSE 'fail'
  END AS status,
  CONCAT(CAST(held.held_rows AS STRING), ' rows, and ', COALESCE(CAST(loaded.row_count AS STRING), 'no'), ' in the newest recorded load') AS detail
FROM (
  SELECT COUNT(*) AS held_rows, MAX(UNIX_MICROS(last_updated)) AS newest_us
  FROM `${project}`.`${dataset}`.`${table}`
) AS held
LEFT JOIN (
  SELECT row_count, published
  FROM `${project}`.`${dataset}`.`${loads}`
  WHERE table_name = 'caption_bandit_stats'
  ORDER BY published DESC
  LIMIT 1
) AS loaded
  ON TRUE;
