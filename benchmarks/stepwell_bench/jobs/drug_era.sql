-- OHDSI's drug eras: exposures to one ingredient strung together where the next begins at most 30 days after the last one's end.
-- Written for DuckDB after the steps of SQL/create_CDMv5_drug_era_non_stockpile.sql in OHDSI/ETL-CMS (commit 146bbf4,
-- Apache-2.0), in their order and with their conditions; read in full.
-- The steps' own trick: number the starts and number all days together. Where an end's number is twice the number of starts so
-- far, as many exposures have ended as begun: nothing is running any more.

-- 1. The ingredient of each exposure; its end as recorded, else by days' supply, else the day after.
CREATE TEMP TABLE exposure AS
SELECT e.drug_exposure_id, e.person_id, c.concept_id AS ingredient, e.drug_exposure_start_date AS first_day,
       coalesce(e.drug_exposure_end_date,
                nullif(CAST(e.drug_exposure_start_date + e.days_supply::INTEGER AS DATE), e.drug_exposure_start_date),
                e.drug_exposure_start_date + 1) AS last_day
FROM read_parquet(getvariable('records') || '/drug_exposure.parquet', hive_partitioning = false) AS e
JOIN read_parquet(getvariable('records') || '/concept_ancestor.parquet', hive_partitioning = false) AS a ON a.descendant_concept_id = e.drug_concept_id
JOIN read_parquet(getvariable('records') || '/concept.parquet', hive_partitioning = false) AS c ON c.concept_id = a.ancestor_concept_id
WHERE c.vocabulary_id = 'RxNorm' AND c.concept_class_id = 'Ingredient' AND e.drug_concept_id != 0 AND e.days_supply >= 0;

-- 2. Overlapping exposures become one, so that days are not counted twice.
CREATE TEMP TABLE sub_exposure AS
WITH days AS (
    SELECT person_id, ingredient, first_day AS day, -1 AS kind,
           row_number() OVER (PARTITION BY person_id, ingredient ORDER BY first_day) AS n_begun
    FROM exposure
    UNION ALL
    SELECT person_id, ingredient, last_day, 1, NULL FROM exposure
),
numbered AS (
    SELECT person_id, ingredient, day,
           max(n_begun) OVER (so_far ROWS UNBOUNDED PRECEDING) AS n_begun,
           row_number() OVER so_far AS n_days
    FROM days
    WINDOW so_far AS (PARTITION BY person_id, ingredient ORDER BY day, kind)
),
ends AS (SELECT person_id, ingredient, day AS end_day FROM numbered WHERE 2 * n_begun = n_days),
ended AS (
    SELECT x.person_id, x.ingredient, x.first_day, min(e.end_day) AS end_day
    FROM exposure AS x
    JOIN ends AS e ON e.person_id = x.person_id AND e.ingredient = x.ingredient AND e.end_day >= x.first_day
    GROUP BY x.drug_exposure_id, x.person_id, x.ingredient, x.first_day
)
SELECT person_id, ingredient, min(first_day) AS first_day, end_day, count(*) AS n_exposures,
       end_day - min(first_day) AS n_days
FROM ended
GROUP BY person_id, ingredient, end_day;

-- 3. The same once more, every end put off by 30 days: sub-exposures closer than that become one era.
CREATE TEMP TABLE drug_era AS
WITH days AS (
    SELECT person_id, ingredient, first_day AS day, -1 AS kind,
           row_number() OVER (PARTITION BY person_id, ingredient ORDER BY first_day) AS n_begun
    FROM sub_exposure
    UNION ALL
    SELECT person_id, ingredient, end_day + 30, 1, NULL FROM sub_exposure
),
numbered AS (
    SELECT person_id, ingredient, day,
           max(n_begun) OVER (so_far ROWS UNBOUNDED PRECEDING) AS n_begun,
           row_number() OVER so_far AS n_days
    FROM days
    WINDOW so_far AS (PARTITION BY person_id, ingredient ORDER BY day, kind)
),
ends AS (SELECT person_id, ingredient, day - 30 AS end_day FROM numbered WHERE 2 * n_begun = n_days),
ended AS (
    SELECT s.person_id, s.ingredient, s.first_day, min(e.end_day) AS era_end, s.n_exposures, s.n_days
    FROM sub_exposure AS s
    JOIN ends AS e ON e.person_id = s.person_id AND e.ingredient = s.ingredient AND e.end_day >= s.first_day
    GROUP BY s.person_id, s.ingredient, s.first_day, s.n_exposures, s.n_days
)
SELECT person_id, ingredient AS drug_concept_id, min(first_day) AS drug_era_start_date, era_end AS drug_era_end_date,
       sum(n_exposures) AS drug_exposure_count, era_end - min(first_day) - sum(n_days) AS gap_days
FROM ended
GROUP BY person_id, ingredient, era_end
ORDER BY person_id, drug_concept_id;
