-- Do page names differ by more than blanks, case, Unicode form or invisible characters? Such names are one page to a
-- person, and two to a join.
-- group: contents
-- meaning: One page has several spellings: its captions are counted and ranked apart.
-- remedy: Choose one spelling, update the rows, and normalise names where they enter.
SELECT
  'contents_pages' AS `check`,
  CASE
    WHEN COUNT(*) = 0 THEN 'skip'
    WHEN COUNT(DISTINCT page_name) = COUNT(DISTINCT plain_name) AND COUNTIF(hidden) = 0 THEN 'pass'
    ELSE 'fail'
  END AS status,
  CONCAT(CAST(COUNT(DISTINCT page_name) - COUNT(DISTINCT plain_name) AS STRING), ' of ',
    CAST(COUNT(DISTINCT page_name) AS STRING), ' page names are another spelling of one; ',
    CAST(COUNT(DISTINCT IF(hidden, page_name, NULL)) AS STRING), ' have blanks at an end or invisible characters') AS detail
FROM (
  SELECT
    page_name,
    LOWER(NORMALIZE(REGEXP_REPLACE(page_name, r'[\s\p{Cf}\p{Cc}\p{Z}]+', ''), NFKC)) AS plain_name,
    REGEXP_CONTAINS(page_name, r'^[\s\p{Z}]|[\s\p{Z}]\z|[\p{Cf}\p{Cc}]') AS hidden
  FROM `${project}`.`${dataset}`.`${table}`
);
