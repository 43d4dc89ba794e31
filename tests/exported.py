"""A result as it would be of records that were read from FHIR."""

import shutil
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq


def fhir_result(place: Path, folder: Path) -> Path:
    """A copy of a result of OMOP records in which the addresses of people and trials are FHIR resources."""
    copy = shutil.copytree(place / "result", folder / "fhir-result")
    for table, omop, fhir in (("person", "person/", "Patient/"), ("trial", "drug_exposure/", "MedicationRequest/")):
        for part in (copy / table).glob("*.parquet"):
            rows = pq.read_table(part)
            place_of = rows.column_names.index("address")
            addresses = pc.replace_substring(rows.column("address"), omop, fhir)
            pq.write_table(rows.set_column(place_of, rows.schema.field(place_of), addresses), part)
    return copy
