-- The posterior of every caption on every page, under a prior that its results on the other pages give (pooled_thompson
-- of policies/): a page's mean, the spread of captions around it, and how much of the spread pages share are fitted to
-- the counts of all captions by moments. Each page is one group.
--
-- successes, failures: of the Beta posterior, the prior included; posterior_mean; posterior_draw, a Thompson draw by
-- the cubes of two normal numbers. A caption has a row on every page as soon as some page has one for it.
-- Sums are of whole numbers, exact in any order, so that the posterior has the same bits on every engine.
CREATE VIEW `${project}`.`${dataset}`.`pooled_prior` AS
WITH counted AS (
  SELECT
    page_name, caption_id,
    CAST(GREATEST(COALESCE(successes, 1) - 1, 0) AS FLOAT64) AS s,
    CAST(GREATEST(COALESCE(successes, 1) - 1, 0) + GREATEST(COALESCE(failures, 1) - 1, 0) AS FLOAT64) AS n
  FROM `${project}`.`${dataset}`.`caption_bandit_stats`
),
of_all AS (
  SELECT caption_id, SUM(n) AS n_all, SUM(s) AS s_all FROM counted GROUP BY caption_id
),
pages AS (
  SELECT DISTINCT page_name FROM counted
),
grid AS (
  SELECT
    pages.page_name, of_all.caption_id, COALESCE(counted.n, 0e0) AS n, COALESCE(counted.s, 0e0) AS s,
    of_all.n_all - COALESCE(counted.n, 0e0) AS other_n, of_all.s_all - COALESCE(counted.s, 0e0) AS other_s
  FROM pages
  CROSS JOIN of_all
  LEFT JOIN counted ON counted.page_name = pages.page_name AND counted.caption_id = of_all.caption_id
),
sums AS (
  SELECT
    page_name,
    (SUM(s) + 1e0) / (SUM(n) + 1e0 + 1e0) AS mean,
    (SUM(other_s) + 1e0) / (SUM(other_n) + 1e0 + 1e0) AS elsewhere,
    SUM(n * GREATEST(0e0, n - 1e0)) AS pairs, SUM(s * GREATEST(0e0, s - 1e0)) AS pairs_of_successes,
    SUM(n * other_n) AS crossed, SUM(s * other_s) AS crossed_successes
  FROM grid
  GROUP BY page_name
),
spreads AS (
  SELECT
    page_name, mean, elsewhere, crossed,
    crossed_successes / (mean * elsewhere) - crossed AS together,
    GREATEST(0.0001e0, LEAST(0.9e0 * (1e0 - mean) / mean,
      (pairs_of_successes / (mean * mean) - pairs + (1e0 - mean) / (mean * (1e0 + 10e0)) * 1000e0) / (pairs + 1000e0)
    )) AS spread
  FROM sums
),
fits AS (
  SELECT
    page_name, mean, elsewhere, spread, 1e0 - elsewhere AS noise,
    GREATEST(0e0, LEAST(1e0, (together + 0.5e0 * spread * 1000e0) / (crossed + 1000e0) / spread)) AS correlation
  FROM spreads
),
shares AS (
  SELECT
    grid.page_name, grid.caption_id, grid.n, grid.s, grid.other_n * fits.elsewhere AS expected, grid.other_s,
    fits.spread * fits.correlation * (grid.other_n * fits.elsewhere) AS shared,
    fits.mean, fits.noise, fits.spread, fits.correlation
  FROM grid
  INNER JOIN fits ON fits.page_name = grid.page_name
),
centres AS (
  SELECT
    page_name, caption_id, n, s,
    GREATEST(0.01e0 * mean, LEAST(1e0 - 0.01e0 * (1e0 - mean),
      mean * IF(expected > 0e0, 1e0 + shared / (shared + noise) * (other_s / NULLIF(expected, 0e0) - 1e0), 1e0)
    )) AS centre,
    mean * mean * (spread * (1e0 - correlation * shared / (shared + noise))) AS variance
  FROM shares
),
priors AS (
  SELECT
    page_name, caption_id, n, s, centre,
    centre * (1e0 - centre) / LEAST(variance, 0.9e0 * centre * (1e0 - centre)) - 1e0 AS strength
  FROM centres
),
posteriors AS (
  SELECT
    page_name, caption_id, n AS trials, strength * centre + s AS successes,
    strength * (1e0 - centre) + GREATEST(n - s, 0e0) AS failures
  FROM priors
)
SELECT
  page_name, caption_id, trials, successes, failures, successes / (successes + failures) AS posterior_mean,
  1e0 / (1e0 + GREATEST(failures, 0.5e0) * POW(GREATEST(0.01e0, 1e0 - 1e0 / (9e0 * GREATEST(failures, 0.5e0))
      + (RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() - 6e0) / (3e0 * SQRT(GREATEST(failures, 0.5e0)))), 3e0)
    / (GREATEST(successes, 0.5e0) * POW(GREATEST(0.01e0, 1e0 - 1e0 / (9e0 * GREATEST(successes, 0.5e0))
      + (RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() - 6e0) / (3e0 * SQRT(GREATEST(successes, 0.5e0)))), 3e0))) AS posterior_draw
FROM posteriors;
