-- Declare the key of caption_bandit_stats again, where a copied table lost it.
ALTER TABLE `${project}`.`${dataset}`.`${table}` ADD PRIMARY KEY (caption_id, page_name) NOT ENFORCED;
