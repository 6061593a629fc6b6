-- ${pairs} draws of wilson_sample as shares u of their intervals, summed by class of counts. Of 32 draws, 4 are at all pairs
-- from 0 to 40; 2 each at all successes, all failures and all sums of both from 0 to 1023; 4 at log-uniform pairs up to 1e9;
-- and 18 at log-uniform pairs from 1e6 to 1e9, where the width of the interval is proportional to z. `line` is 0 for pairs,
-- where a class is a count up to 40, or half an octave above; 1, 2 and 3 for successes, failures and sums, one by one.
-- `grid` sums cos(2 pi 2^32 u), which is 0 on average unless u has 32 bits or fewer, where the draw has digits enough to tell.
SELECT
  line, s_class, f_class,
  COUNT(*) AS draws,
  COUNTIF(u IS NULL) AS missing,
  COUNTIF(u < -1e-9 OR u > 1e0 + 1e-9) AS outside,
  SUM(d) AS first_moment,
  SUM(d * d) AS second_moment,
  SUM(d * d * d) AS third_moment,
  SUM(d * d * d * d) AS fourth_moment,
  SUM(LN(GREATEST(u, 1e-300))) AS log_low,
  SUM(LN(GREATEST(1e0 - u, 1e-300))) AS log_high,
  COUNTIF(sharp) AS sharp,
  SUM(IF(sharp, COS(26986075409.34112e0 * (u - FLOOR(u * 1048576e0) / 1048576e0)), 0e0)) AS grid,
  MIN(u) AS least,
  MAX(u) AS most
FROM (
  SELECT
    line,
    CASE
      WHEN line = 1 THEN s WHEN line = 2 THEN f WHEN line = 3 THEN s + f WHEN s <= 40 THEN s
      ELSE 41 + CAST(FLOOR(2.8853900817779268e0 * LN(s / 40e0)) AS INT64)
    END AS s_class,
    IF(line > 0, 0, IF(f <= 40, f, 41 + CAST(FLOOR(2.8853900817779268e0 * LN(f / 40e0)) AS INT64))) AS f_class,
    5e-1 + (draw - centre) / (2e0 * half) AS u,
    (draw - centre) / (2e0 * half) AS d,
    half > 1e-5 AS sharp
  FROM (
    SELECT
      line, s, f,
      `${project}`.`${dataset}`.`wilson_sample`(s, f) AS draw,
      IF(s + f = 0, 5e-1, (s + 1.9208e0) / (s + f + 3.8416e0)) AS centre,
      IF(s + f = 0, 5e-1, 1.96e0 * SQRT(s / GREATEST(s + f, 1) * f + 0.9604e0) / (s + f + 3.8416e0)) AS half
    FROM (
      SELECT
        line,
        CASE line WHEN 2 THEN other WHEN 3 THEN CAST(FLOOR(share * (one + 1)) AS INT64) ELSE one END AS s,
        CASE line WHEN 1 THEN other WHEN 2 THEN one WHEN 3 THEN one - CAST(FLOOR(share * (one + 1)) AS INT64) ELSE other END AS f
      FROM (
        SELECT
          CASE MOD(i, 32) WHEN 0 THEN 1 WHEN 1 THEN 1 WHEN 2 THEN 2 WHEN 3 THEN 2 WHEN 4 THEN 3 WHEN 5 THEN 3 ELSE 0 END AS line,
          CASE
            WHEN MOD(i, 32) < 6 THEN MOD(DIV(i, 32), 1024)
            WHEN MOD(i, 32) < 10 THEN MOD(DIV(i, 32), 41)
            WHEN MOD(i, 32) < 14 THEN CAST(FLOOR(EXP(20.723265836946411e0 * MOD(i * 1327217885, 2147483647) / 2147483647e0)) AS INT64) - 1
            ELSE CAST(FLOOR(1e6 * EXP(6.907755278982137e0 * MOD(i * 1327217885, 2147483647) / 2147483647e0)) AS INT64)
          END AS one,
          CASE
            WHEN MOD(i, 32) BETWEEN 6 AND 9 THEN MOD(DIV(i, 1312), 41)
            WHEN MOD(i, 32) < 14 THEN CAST(FLOOR(EXP(20.723265836946411e0 * MOD(i * 889516852, 2147483647) / 2147483647e0)) AS INT64) - 1
            ELSE CAST(FLOOR(1e6 * EXP(6.907755278982137e0 * MOD(i * 889516852, 2147483647) / 2147483647e0)) AS INT64)
          END AS other,
          MOD(i * 889516852, 2147483647) / 2147483647e0 AS share
        FROM UNNEST(GENERATE_ARRAY(1, ${pairs})) AS i
      )
    )
  )
)
GROUP BY line, s_class, f_class
ORDER BY line, s_class, f_class;
