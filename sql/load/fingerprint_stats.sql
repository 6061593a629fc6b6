-- Totals of a set of caption_bandit_stats rows, in any order: rows, distinct keys, and a checksum over all 15 columns.
-- A row's number is the square of a weighted sum of its columns, so columns and rows are bound together; the checksum
-- is a sum modulo 2147483629, so the checksum of a whole is the sum of those of its parts. Only exact arithmetic:
-- integers, and floats times a power of two. NULL counts as -1, a float that is no INT64 after scaling as -3.
SELECT
  COALESCE(SUM(page_rows), 0) AS row_count,
  COALESCE(SUM(page_captions), 0) AS distinct_keys,
  COALESCE(MOD(SUM(MOD(page_weight * MOD(page_sum, 2147483629), 2147483629)), 2147483629), 0) AS checksum
FROM (
  SELECT
    COUNT(*) AS page_rows,
    COUNT(DISTINCT caption_id) AS page_captions,
    1 + MOD(CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5(page_name)), 1, 12)) AS INT64), 2147483628) AS page_weight,
    SUM(MOD(row_number * row_number, 2147483629)) AS page_sum
  FROM (
    SELECT
      page_name,
      caption_id,
      MOD(
        MOD(caption_id, 2147483629) * 100000007
        + MOD(COALESCE(successes, -1), 2147483629) * 100000037
        + MOD(COALESCE(failures, -1), 2147483629) * 100000039
        + MOD(COALESCE(total_observations, -1), 2147483629) * 100000049
        + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(total_revenue, -1e0) * 1048576e0) AS INT64), -3), 2147483629) * 100000073
        + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(avg_conversion_rate, -1e0) * 1099511627776e0) AS INT64), -3), 2147483629) * 100000081
        + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(avg_emv, -1e0) * 1073741824e0) AS INT64), -3), 2147483629) * 100000123
        + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(last_emv_observed, -1e0) * 1073741824e0) AS INT64), -3), 2147483629) * 100000127
        + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(confidence_lower_bound, -1e0) * 1099511627776e0) AS INT64), -3), 2147483629) * 100000193
        + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(confidence_upper_bound, -1e0) * 1099511627776e0) AS INT64), -3), 2147483629) * 100000213
        + MOD(COALESCE(SAFE_CAST(FLOOR(COALESCE(exploration_score, -1e0) * 1099511627776e0) AS INT64), -3), 2147483629) * 100000217
        + MOD(COALESCE(UNIX_MICROS(last_used), -1), 2147483629) * 100000223
        + MOD(COALESCE(UNIX_MICROS(last_updated), -1), 2147483629) * 100000231
        + MOD(COALESCE(performance_percentile, -1), 2147483629) * 100000237,
        2147483629) AS row_number
    FROM `${project}`.`${dataset}`.`${table}`
  )
  GROUP BY page_name
);
