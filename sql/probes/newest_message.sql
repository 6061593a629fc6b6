-- When the newest message was sent, in microseconds of the Unix epoch; NULL for an empty table.
SELECT MAX(UNIX_MICROS(sending_time)) AS newest_us
FROM `${project}`.`${dataset}`.`${sends}`;
