-- Dollars per view that every caption is expected to earn on every page, from the send log: gamma_poisson_bands of
-- policies/. Purchases given views are Poisson, with a gamma prior around the usual rate at the caption's price; this is
-- fitted to the page and to its price bands (below 5, 9, 14, 17, 20 dollars, and from there on).
--
-- shape, scale: of the gamma posterior of dollars per view. dollars_per_view: its mean, less what the last send costs
-- (0.6, of which half is left after 14 days of rest). dollars_per_view_draw: the same of a Thompson draw.
-- A caption has a row on every page as soon as some page has sent it at a price; its price is the largest there was.
-- Sums are of whole numbers, exact in any order, so that the posterior has the same bits on every engine.
CREATE VIEW `${project}`.`${dataset}`.`gamma_poisson` AS
WITH priced AS (
  SELECT
    page_name, caption_id, price, sending_time, CAST(COALESCE(viewed_count, 0) AS FLOAT64) AS views,
    COALESCE(purchased_count, 0e0) AS purchases
  FROM `${project}`.`${dataset}`.`mass_messages`
  WHERE page_name IS NOT NULL AND caption_id IS NOT NULL AND price > 0
),
sales AS (
  SELECT
    page_name, caption_id, SUM(views) AS views, SUM(purchases) AS purchases, CAST(COUNT(*) AS FLOAT64) AS messages,
    MAX(sending_time) AS last_sent
  FROM priced
  GROUP BY page_name, caption_id
),
prices AS (
  SELECT
    caption_id, price,
    IF(price >= 5, 1, 0) + IF(price >= 9, 1, 0) + IF(price >= 14, 1, 0) + IF(price >= 17, 1, 0) + IF(price >= 20, 1, 0)
      AS band,
    FLOOR(0.5e0 + CASE
      WHEN price < 6 THEN 1090000e0
      WHEN price < 9.5e0 THEN 1090000e0 + (price - 6e0) * ((460000e0 - 1090000e0) / 3.5e0)
      WHEN price < 15 THEN 460000e0 + (price - 9.5e0) * ((210000e0 - 460000e0) / 5.5e0)
      WHEN price < 22 THEN 210000e0 + (price - 15e0) * ((150000e0 - 210000e0) / 7e0)
      ELSE 150000e0 END) AS nanos
  FROM (SELECT caption_id, MAX(price) AS price FROM priced GROUP BY caption_id)
),
pages AS (
  SELECT DISTINCT page_name FROM priced
),
grid AS (
  SELECT
    pages.page_name, prices.caption_id, prices.price, prices.band, prices.nanos, sales.last_sent,
    COALESCE(sales.views, 0e0) AS views, COALESCE(sales.purchases, 0e0) AS purchases,
    COALESCE(sales.messages, 0e0) AS messages
  FROM pages
  CROSS JOIN prices
  LEFT JOIN sales ON sales.page_name = pages.page_name AND sales.caption_id = prices.caption_id
),
page_ratios AS (
  SELECT page_name, (SUM(purchases) + 0.25e0) / (SUM(views * nanos) / 1000000000e0 + 0.25e0) AS ratio
  FROM grid
  GROUP BY page_name
),
bands AS (
  SELECT page_name, band, SUM(views * nanos) / 1000000000e0 AS expected, SUM(purchases) AS purchases
  FROM grid
  GROUP BY page_name, band
),
rates AS (
  SELECT
    bands.page_name, bands.band,
    page_ratios.ratio * ((bands.purchases + 64e0) / (bands.expected * page_ratios.ratio + 64e0)) AS ratio
  FROM bands
  INNER JOIN page_ratios ON page_ratios.page_name = bands.page_name
),
usual AS (
  SELECT grid.*, grid.nanos / 1000000000e0 * rates.ratio AS rate
  FROM grid
  INNER JOIN rates ON rates.page_name = grid.page_name AND rates.band = grid.band
),
weights AS (
  SELECT
    page_name, caption_id, price, views, purchases, messages, last_sent, rate,
    1e0 / (1e0 + 0.25e0 * (views * rate) / GREATEST(messages, 1e0)) AS weight
  FROM usual
),
posteriors AS (
  SELECT
    page_name, caption_id, price, views, purchases, messages, last_sent, 8e0 + weight * purchases AS shape,
    rate * price / (8e0 + weight * (views * rate)) AS fresh,
    IF(last_sent IS NULL, 1e0, 1e0 - 0.6e0 * (14e0 / (14e0
      + (UNIX_MICROS(CURRENT_TIMESTAMP()) - UNIX_MICROS(last_sent)) / 86400000000e0))) AS left_of_it
  FROM weights
),
rested AS (
  SELECT
    page_name, caption_id, price, views, purchases, messages, shape,
    IF(last_sent IS NULL, fresh, fresh * left_of_it) AS scale
  FROM posteriors
)
SELECT
  page_name, caption_id, price, views, purchases, messages, shape, scale, shape * scale AS dollars_per_view,
  shape * POW(GREATEST(0.01e0, 1e0 - 1e0 / (9e0 * shape) + (RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() + RAND() - 6e0) / (3e0 * SQRT(shape))), 3e0) * scale
    AS dollars_per_view_draw
FROM rested;
