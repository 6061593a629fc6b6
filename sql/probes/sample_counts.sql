-- ${pairs} draws of wilson_sample as shares u of their intervals, summed by class of counts: a quarter of the draws on
-- all pairs from 0 to 20, a quarter at log-uniform pairs up to 1e9, and half at log-uniform pairs from 1e6 to 1e9, where
-- the width of the interval is proportional to z. A class is a count up to 20, or half an octave above.
SELECT
  s_class, f_class,
  COUNT(*) AS draws,
  COUNTIF(u IS NULL) AS missing,
  COUNTIF(u < -1e-9 OR u > 1e0 + 1e-9) AS outside,
  SUM(u - 5e-1) AS first_moment,
  SUM((u - 5e-1) * (u - 5e-1)) AS second_moment,
  SUM(LN(GREATEST(u, 1e-300))) AS log_low,
  SUM(LN(GREATEST(1e0 - u, 1e-300))) AS log_high,
  MIN(u) AS least,
  MAX(u) AS most
FROM (
  SELECT
    IF(s <= 20, s, 20 + CAST(FLOOR(2e0 * LN(s / 20e0) / LN(2e0)) AS INT64) + 1) AS s_class,
    IF(f <= 20, f, 20 + CAST(FLOOR(2e0 * LN(f / 20e0) / LN(2e0)) AS INT64) + 1) AS f_class,
    5e-1 + (draw - centre) / (2e0 * half) AS u
  FROM (
    SELECT
      s, f,
      `${project}`.`${dataset}`.`wilson_sample`(s, f) AS draw,
      IF(s + f = 0, 5e-1, (s + 1.9208e0) / (s + f + 3.8416e0)) AS centre,
      IF(s + f = 0, 5e-1, 1.96e0 * SQRT(s / GREATEST(s + f, 1) * f + 0.9604e0) / (s + f + 3.8416e0)) AS half
    FROM (
      SELECT
        CASE MOD(i, 4)
          WHEN 0 THEN MOD(DIV(i, 4), 21)
          WHEN 1 THEN CAST(FLOOR(EXP(20.723265836946411e0 * MOD(i * 1327217885, 2147483647) / 2147483647e0)) AS INT64) - 1
          ELSE CAST(FLOOR(1e6 * EXP(6.907755278982137e0 * MOD(i * 1327217885, 2147483647) / 2147483647e0)) AS INT64)
        END AS s,
        CASE MOD(i, 4)
          WHEN 0 THEN MOD(DIV(i, 84), 21)
          WHEN 1 THEN CAST(FLOOR(EXP(20.723265836946411e0 * MOD(i * 889516852, 2147483647) / 2147483647e0)) AS INT64) - 1
          ELSE CAST(FLOOR(1e6 * EXP(6.907755278982137e0 * MOD(i * 889516852, 2147483647) / 2147483647e0)) AS INT64)
        END AS f
      FROM UNNEST(GENERATE_ARRAY(1, ${pairs})) AS i
    )
  )
)
GROUP BY s_class, f_class
ORDER BY s_class, f_class;
