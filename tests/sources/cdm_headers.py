"""Headers of OMOP tables with the columns that stepwell reads, and three ingredient concepts."""

CONCEPT = (
    "concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,standard_concept,concept_code,invalid_reason"
)
STRENGTH = (
    "drug_concept_id,ingredient_concept_id,amount_value,amount_unit_concept_id,numerator_value,numerator_unit_concept_id,"
    "denominator_value,denominator_unit_concept_id,box_size,invalid_reason"
)
DRUG = (
    "drug_exposure_id,person_id,drug_concept_id,drug_exposure_start_date,drug_exposure_end_date,drug_type_concept_id,"
    "stop_reason,quantity,days_supply,drug_source_value,drug_source_concept_id"
)
PERSON = "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth"
CONDITION = (
    "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,condition_source_value,"
    "condition_source_concept_id"
)
MEASUREMENT = (
    "measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number,measurement_source_value,"
    "measurement_source_concept_id"
)
OBSERVATION = (
    "observation_id,person_id,observation_concept_id,observation_date,value_as_number,value_as_string,"
    "observation_source_value,observation_source_concept_id"
)
PERIOD = "observation_period_id,person_id,observation_period_start_date,observation_period_end_date"

SERTRALINE, FLUOXETINE, CITALOPRAM = 739138, 755695, 797617
