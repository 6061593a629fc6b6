-- What a set of caption_bandit_stats rows adds up to, in any order: rows, distinct keys, and a checksum.
-- The checksum is a sum modulo 2147483629, so that of a whole is the sum of its parts' modulo the same number. Only exact
-- arithmetic: integers, and floats times a power of two.
SELECT
  COALESCE(SUM(page_rows), 0) AS row_count,
  COALESCE(SUM(page_captions), 0) AS distinct_keys,
  COALESCE(MOD(SUM(MOD(page_weight * MOD(page_sum, 2147483629), 2147483629)), 2147483629), 0) AS checksum
FROM (
  SELECT
    COUNT(*) AS page_rows,
    COUNT(DISTINCT caption_id) AS page_captions,
    1 + MOD(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(page_name)), 1, 12)) AS INT64), 2147483628) AS page_weight,
    SUM(
      MOD(
        (MOD(caption_id, 65521) + 65522)
        * (MOD(COALESCE(successes, -1), 32749) * 7 + MOD(COALESCE(failures, -1), 32719) * 11
          + MOD(COALESCE(total_observations, -1), 16381) * 13 + COALESCE(performance_percentile, -1) * 17
          + MOD(COALESCE(UNIX_MICROS(last_updated), -1), 1048573) + MOD(COALESCE(UNIX_MICROS(last_used), -1), 1048571) * 3
          + MOD(CAST(FLOOR(COALESCE(avg_emv, -1e0) * 1024e0) AS INT64), 65519) * 19
          + MOD(CAST(FLOOR(COALESCE(total_revenue, -1e0) * 1024e0) AS INT64), 65497) * 23
          + 4294967296),
        2147483629)) AS page_sum
  FROM `${project}`.`${dataset}`.`${table}`
  GROUP BY page_name
);
