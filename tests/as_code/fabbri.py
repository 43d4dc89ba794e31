"""The published script of Fabbri 2021 once more, as plain loops over the records of one person.

Written from `scripts/extract_diagn_ADs_TRD_pheno.R` of chiarafabbri/MDD_TRD_study (the section on the TRD phenotype), never from
stepwell's engine: a variable has the name of its column there, and its quirks are kept. Two things are read differently. The
script counts weeks as fractions, here they are days (42 of them are six weeks). And it leaves the order of several prescriptions
of one day to the order of the file; here they stand in the order of the drugs' names.
"""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

from as_code.answer import Answer, antidepressants, day

DEPRESSION = {"major-depression", "depression-other"}
EXCLUDED = {"psychosis", "bipolar", "substance-use"}
SIX, FOURTEEN, TWENTY_SIX = 6 * 7, 14 * 7, 26 * 7
FIRST = 999
"""The script marks the first prescription of a drug with this number, and later takes it for the number one."""


def answer(records: dict[str, list[dict]]) -> Answer:
    """Whether the script calls the person treatment-resistant. It gives no date."""
    if not dep_diagnosis_qc(records["condition"]):
        return Answer(False)
    rows = prescriptions(records["medication"])
    switches = [row for row in rows if row.treatment_resistance_switch]
    treatment_resistance_drug = len(switches) >= 2
    # Only people with a repeated source drug are looked at again, and of those only the ones with a single one are taken out.
    tot, n_rep = len(switches), n_duplicated(row.chem_name for row in switches)
    if n_rep > 0 and tot - n_rep == 1:
        treatment_resistance_drug = False
    return Answer(treatment_resistance_drug)


def dep_diagnosis_qc(conditions: list[dict]) -> bool:
    """At least two depression codes (rows, also of one day; or two different ones), and none of what excludes."""
    depression = {code_of(row) for row in conditions if row["codeset"] in DEPRESSION}
    excluded = [row for row in conditions if row["codeset"] in EXCLUDED]
    distinct = {(vocabulary, code) for vocabulary, code, *_ in depression}
    return (len(depression) >= 2 or len(distinct) >= 2) and not excluded


def code_of(row: dict) -> tuple:
    """What makes a row one recorded code: a code that is in two sets is one row of the source."""
    return row["vocabulary"], row["code"], row["condition_date"], row["address"]


def prescriptions(medication: list[dict]) -> list[SimpleNamespace]:
    """The rows of the script's table for one person, with its columns, in the order of issue."""
    issued = sorted({(day(row["start_date"]), row["ingredient"]) for row in antidepressants(medication)})
    rows = [SimpleNamespace(issue_date=on, chem_name=name) for on, name in issued]
    for name in {row.chem_name for row in rows}:
        number_episodes([row for row in rows if row.chem_name == name])
    for name, episode in {(row.chem_name, row.prescription_episode) for row in rows}:
        last_episode_rows([r for r in rows if (r.chem_name, r.prescription_episode) == (name, episode)])
    drug_distinct = len({row.chem_name for row in rows})
    for place, row in enumerate(rows):
        judge_switch(row, rows[place + 1] if place + 1 < len(rows) else None, drug_distinct)
    return rows


def number_episodes(of_drug: list[SimpleNamespace]) -> None:
    """A gap of more than 26 weeks begins an episode, which is numbered by the prescription's place among those of the drug."""
    current = None
    for place, row in enumerate(of_drug, start=1):
        if place == 1:
            number = FIRST
        elif row.issue_date - of_drug[place - 2].issue_date > TWENTY_SIX:
            number = place
        else:
            number = current
        current = number
        row.prescription_episode = number
    for row in of_drug:
        row.prescription_episode = 1 if row.prescription_episode == FIRST else row.prescription_episode


def last_episode_rows(of_episode: list[SimpleNamespace]) -> None:
    """The sum of the intervals between the dates of issue: what the last prescription supplied is not counted."""
    total = sum(following.issue_date - row.issue_date for row, following in pairwise(of_episode))
    last = max(row.issue_date for row in of_episode)
    for row in of_episode:
        row.prescription_episode_drug = total
        row.last_drug_prescr = row.issue_date == last


def judge_switch(row: SimpleNamespace, following: SimpleNamespace | None, drug_distinct: int) -> None:
    """Whether the row is the last of an episode that was long enough, and the person's next row is soon and of another drug."""
    row.treatment_resistance_switch = False
    row.switch_to_date = None
    if following is None:
        return
    gap = following.issue_date - row.issue_date
    drug_switch = following.chem_name != row.chem_name and row.last_drug_prescr
    if row.prescription_episode_drug == 0 and gap <= FOURTEEN:
        row.prescription_episode_drug = gap
    if drug_switch and row.prescription_episode_drug >= SIX and 0 < gap <= FOURTEEN and drug_distinct > 2:
        row.treatment_resistance_switch = True
        row.switch_to_date = following.issue_date


def n_duplicated(names) -> int:
    """How many of them have been seen before."""
    seen, n = set(), 0
    for name in names:
        n += name in seen
        seen.add(name)
    return n
