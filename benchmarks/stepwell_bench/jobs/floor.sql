-- The least that any run must do: read the drug records and put every person's in order of date.
-- Columns: those that a reader of drug exposures needs. One window over all rows: the date before, and the place in the order.
-- The checksum takes in every column of every row, so that nothing can be left out, and keeps no row.
SELECT count(*),
       bit_xor(hash(drug_exposure_id, person_id, drug_concept_id, drug_exposure_start_date, drug_exposure_end_date,
                    stop_reason, quantity, days_supply, date_before, place))
FROM (
    SELECT drug_exposure_id, person_id, drug_concept_id, drug_exposure_start_date, drug_exposure_end_date,
           stop_reason, quantity, days_supply,
           lag(drug_exposure_start_date) OVER in_order AS date_before,
           row_number() OVER in_order AS place
    FROM read_parquet(getvariable('records') || '/drug_exposure.parquet', hive_partitioning = false)
    WINDOW in_order AS (PARTITION BY person_id ORDER BY drug_exposure_start_date)
);
