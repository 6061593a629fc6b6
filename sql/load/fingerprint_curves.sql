-- Totals of a set of rows of the curves table, in any order: rows, 0 (no key), and a checksum over all columns.
-- Built as in fingerprint_stats; a text counts by the first 48 bits of its MD5.
SELECT
  COUNT(*) AS row_count,
  0 AS distinct_keys,
  COALESCE(MOD(SUM(MOD(row_number * row_number, 2147483629)), 2147483629), 0) AS checksum
FROM (
  SELECT
    MOD(
      MOD(COALESCE(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(policy)), 1, 12)) AS INT64), -1), 2147483629) * 100000007
      + MOD(COALESCE(replication, -1), 2147483629) * 100000037
      + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(`at`, -1e0) * 1048576e0) AS INT64), -3), 2147483629) * 100000039
      + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(regret, -1e0) * 1048576e0) AS INT64), -3), 2147483629) * 100000049
      + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(reward, -1e0) * 1048576e0) AS INT64), -3), 2147483629) * 100000073
      + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(revenue_usd, -1e0) * 1048576e0) AS INT64), -3), 2147483629) * 100000081,
      2147483629) AS row_number
  FROM `${project}`.`${dataset}`.`${table}`
);
