-- Totals of a set of mass_messages rows, in any order: rows, 0 (there is no key), and a checksum over all columns.
-- Built as in fingerprint_stats; a text counts by the first 48 bits of its MD5.
SELECT
  COUNT(*) AS row_count,
  0 AS distinct_keys,
  COALESCE(MOD(SUM(MOD(row_number * row_number, 2147483629)), 2147483629), 0) AS checksum
FROM (
  SELECT
    MOD(
      MOD(COALESCE(row_id, -1), 2147483629) * 100000007
      + MOD(COALESCE(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(page_name)), 1, 12)) AS INT64), -1), 2147483629) * 100000037
      + MOD(COALESCE(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(message)), 1, 12)) AS INT64), -1), 2147483629) * 100000039
      + MOD(COALESCE(UNIX_MICROS(sending_time), -1), 2147483629) * 100000049
      + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(price, -1e0) * 1048576e0) AS INT64), -3), 2147483629) * 100000073
      + MOD(COALESCE(sent_count, -1), 2147483629) * 100000081
      + MOD(COALESCE(viewed_count, -1), 2147483629) * 100000123
      + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(purchased_count, -1e0) * 1048576e0) AS INT64), -3), 2147483629) * 100000127
      + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(earnings, -1e0) * 1048576e0) AS INT64), -3), 2147483629) * 100000193
      + MOD(COALESCE(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(message_type)), 1, 12)) AS INT64), -1), 2147483629) * 100000213
      + MOD(COALESCE(caption_id, -1), 2147483629) * 100000217,
      2147483629) AS row_number
  FROM `${project}`.`${dataset}`.`${table}`
);
