"""What the records of a person cannot tell: codes and drugs that nobody could identify, and days that are missing.

Where a person has a row here, the absence of a record says nothing.
"""

from __future__ import annotations

from .declare import Column, Table

_PERSON = Column("person_id", "int64", "The person, numbered on reading.")

CODE_GAP = Table(
    "code_gap",
    "rows of a person that may belong to a code set, or answer a question: nobody could identify them, or the set holds no codes "
    "of their vocabulary; that no other record was found says nothing",
    ("person_id", "record", "codeset"),
    (
        _PERSON,
        Column("record", "string", "The record table with the gap.", values=("condition", "procedure", "answer")),
        Column(
            "codeset",
            "string",
            "The code set that the rows may belong to.",
            null="any: the rows could not be identified",
        ),
        Column("first_date", "date", "Day of the first such row.", null="any day: the whole source has the gap"),
        Column("last_date", "date", "Day of the last such row.", null="any day: the whole source has the gap"),
        Column("n_rows", "int64", "Such rows of the person; 0 where only others in the source have them."),
    ),
)

INCOMPLETE_MEDICATION = Table(
    "incomplete_medication",
    "one reason why the absence of a drug from a person's records says nothing",
    ("person_id", "reason"),
    (
        _PERSON,
        Column(
            "reason",
            "string",
            "`unidentified drugs`: nobody can say which drug some of the person's rows are of. `unidentified drugs in the "
            "source`: the share of such rows in the source is above the stated level, for everybody. `drugs without a day`: "
            "nobody can say when some of the drugs looked for were taken. `given in care only`: all of the person's rows are "
            "of drugs given in hospital or by staff, and what was taken elsewhere is not recorded.",
            values=(
                "unidentified drugs",
                "unidentified drugs in the source",
                "drugs without a day",
                "given in care only",
            ),
        ),
        Column("n_rows", "int64", "Drug rows concerned: of the person, or of the source."),
        Column("n_of", "int64", "All drug rows: of the person, or of the source."),
    ),
)
