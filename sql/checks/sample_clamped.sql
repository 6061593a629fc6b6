-- Is the draw clamped to [0, 1]? The interval of (-3, 1) reaches from 1.08 to -2.25, where a missing clamp shows; with
-- proper counts it is out by 1e-16 at most, which no draw shows. (An error or NULL passes: negative counts are undefined.)
-- group: sampler
-- meaning: Draws are not clamped to [0, 1].
-- remedy: Show the difference with `deploy --dry-run`; then run `deploy`, with --replace if another function is there.
-- refusal: pass
SELECT
  'sample_clamped' AS `check`,
  IF(COUNTIF(draw < 0e0 OR draw > 1e0) = 0, 'pass', 'fail') AS status,
  CONCAT(CAST(COUNTIF(draw < 0e0 OR draw > 1e0) AS STRING), ' of ', CAST(COUNT(*) AS STRING), ' draws of wilson_sample(-3, 1) left [0, 1]') AS detail
FROM (
  SELECT `${project}`.`${dataset}`.`wilson_sample`(s, 1) AS draw
  FROM (SELECT -3 - MOD(i, 2) AS s FROM UNNEST(GENERATE_ARRAY(1, 200)) AS i)
);
