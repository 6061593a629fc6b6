-- When the newest row was written, in microseconds of the Unix epoch; NULL for an empty table.
SELECT MAX(UNIX_MICROS(last_updated)) AS newest_us
FROM `${project}`.`${dataset}`.`${table}`;
