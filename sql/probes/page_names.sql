-- The distinct names of pages.
SELECT DISTINCT page_name
FROM `${project}`.`${dataset}`.`${table}`
WHERE page_name IS NOT NULL
ORDER BY page_name;
