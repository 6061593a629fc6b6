-- Every load that the manifest records, oldest first: later rows of a load stand for earlier ones.
SELECT load_id, table_name, row_count, distinct_keys, checksum
FROM `${project}`.`${dataset}`.`${table}`
ORDER BY published;
