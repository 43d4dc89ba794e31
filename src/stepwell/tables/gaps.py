"""What the records of a person cannot tell: codes and drugs that nobody could identify, and days that are missing.

Where a person has a row here, the absence of a record says nothing.
"""

from __future__ import annotations

from .declare import Column, Table

_PERSON = Column("person_id", "int64", "The person, numbered on reading.")

_ANY_DAY = "any day: nobody can say of which day, or the whole source has the gap"

CODE_GAP = Table(
    "code_gap",
    "rows of a person that are left out though they may belong to a code set, or answer a question: nobody could identify them, "
    "the set holds no codes of their vocabulary, or they have no usable day; that no other record was found says nothing",
    ("person_id", "record", "codeset", "reason", "first_date", "last_date"),
    (
        _PERSON,
        Column(
            "record",
            "string",
            "The record table with the gap.",
            values=("condition", "procedure", "answer", "measurement", "vital"),
        ),
        Column(
            "codeset",
            "string",
            "The code set that the rows may belong to; of answers and scores the instrument, of readings the vital sign.",
            null="any: the rows could not be identified",
        ),
        Column(
            "reason",
            "string",
            "`could not be read`: the rows may be of the code set. `without a day`: they are, and nobody can say of which day; "
            "where a month or a year is known, the first and the last day are its own.",
            values=("could not be read", "without a day"),
        ),
        Column(
            "first_date",
            "date",
            "Day of the first such row.",
            null="any day: nobody can say, or the whole source has the gap",
        ),
        Column(
            "last_date",
            "date",
            "Day of the last such row.",
            null="any day: nobody can say, or the whole source has the gap",
        ),
        Column("n_rows", "int64", "Such rows of the person; 0 where only others in the source have them."),
    ),
)

INCOMPLETE_MEDICATION = Table(
    "incomplete_medication",
    "one reason why the absence of a drug from a person's records says nothing; of drugs without a day, one of them",
    ("person_id", "reason", "ingredient"),
    (
        _PERSON,
        Column(
            "reason",
            "string",
            "`unidentified drugs`: nobody can say which drug some of the person's rows are of. `unidentified drugs in the "
            "source`: the share of such rows in the source is above the stated level, for everybody. `drugs without a day`: "
            "nobody can say when one of the drugs looked for was taken. `not fetched`: a FHIR server did not "
            "offer or refused records of drugs, for everybody. `given in care only`: all of the person's rows are "
            "of drugs given in hospital or by staff, and what was taken elsewhere is not recorded. `interacting drugs "
            "without a day`: the same of a drug that is looked for only because it interacts; it says nothing about trials.",
            values=(
                "unidentified drugs",
                "unidentified drugs in the source",
                "drugs without a day",
                "not fetched",
                "given in care only",
                "interacting drugs without a day",
            ),
        ),
        Column("ingredient", "string", "The drug without a day, by its id in the knowledge files.", null="any drug"),
        Column(
            "n_rows", "int64", "Drug rows concerned: of the person, or of the source; 0 where they were not fetched."
        ),
        Column("n_of", "int64", "All drug rows: of the person, or of the source; 0 where they were not fetched."),
    ),
)
