"""The re-use of Fabbri's script by the Exeter CPRD study once more, as plain loops over the records of one person.

Written from `scripts/depression_phenotypes/create_TRD_phenotype.R` of Exeter-Diabetes/CPRD-Dale-depression-cohort, never from
stepwell's engine. The prescriptions are read as by Fabbri. Two things differ: the check for repeated source drugs counts all
prescriptions instead of the switches that qualify, and a date is given. Whom the study is about is said in its other scripts;
here: whoever has a depression code.
"""

from __future__ import annotations

from datetime import date

from as_code.answer import Answer
from as_code.fabbri import DEPRESSION, n_duplicated, prescriptions


def answer(records: dict[str, list[dict]]) -> Answer:
    """Whether the script calls the person treatment-resistant, and its `trd_date`."""
    if not any(row["codeset"] in DEPRESSION for row in records["condition"]):
        return Answer(False)
    rows = prescriptions(records["medication"])
    switches = [row for row in rows if row.treatment_resistance_switch]
    treatment_resistance_drug = len(switches) >= 2
    tot, n_rep = len(rows), n_duplicated(row.chem_name for row in rows)
    if n_rep > 0 and tot - n_rep == 1:
        treatment_resistance_drug = False
    if not treatment_resistance_drug:
        return Answer(False)
    return Answer(True, date.fromordinal(switches[1].switch_to_date))
