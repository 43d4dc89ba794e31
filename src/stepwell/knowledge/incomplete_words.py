"""Incomplete drug records, in words: what is missing, what therefore cannot be said, and what would settle it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

OF_INTERACTING = "interacting drugs without a day"
"""The reason that says nothing about trials, only about what is taken with esketamine or ketamine."""

SAYS_NOTHING = "that a drug is not found there does not mean that it was not taken"
"""What follows from incomplete drug records."""

NOT_ALL_KNOWN = "not every drug of this person is known"
"""What is said beside a criterion that is unknown for that reason."""

NOT_ALL_DATED = "a drug of this person has no day, so no first or last day of a trial is certain"
"""The same, where a row of a drug that is looked for has no usable day."""

NOT_ALL_SUPPLIED = "nobody recorded whether every drug of this person was dispensed"
"""The same, of a definition that reads what was supplied."""


def say_source_incomplete(drug_rows: Mapping | None, suppress_below: int = 0) -> list[str]:
    """What is missing from the drug records of a source, as sentences, from its `DrugRows` as plain values. Numbers of
    people and rows from 1 to `suppress_below` - 1 are withheld."""
    if drug_rows is None:
        return []
    n, of = drug_rows["n_unidentified"], sum(drug_rows[k] for k in ("n_looked_for", "n_other", "n_unidentified"))
    said = []
    if n:
        for_whom = "for anybody in this source" if drug_rows["is_above"] else "for them"
        whom = _number(drug_rows["n_people"], "person", "people", suppress_below)
        rows = f"{n:,}" if n >= suppress_below else f"Fewer than {suppress_below}"
        said.append(
            f"{rows} of {of:,} drug rows{_share(n, of, suppress_below)}, of {whom}, are of drugs that nobody could identify: "
            f"{SAYS_NOTHING}, and {for_whom} no definition or measure is “not met” for want of a drug. To settle it, "
            f"{drug_rows['remedy']}."
        )
    if undated := drug_rows.get("n_with_undated", 0):
        whom = _number(undated, "person", "people", suppress_below)
        said.append(
            f"Of {whom} a drug is recorded without a day: it may have moved the first and last day of any trial. For them it is "
            "unknown which trials count, and no measure is “not met” for want of a drug. To settle it, add the days."
        )
    if undated := drug_rows.get("n_with_undated_interacting", 0):
        whom = _number(undated, "person", "people", suppress_below)
        said.append(
            f"Of {whom} a drug that interacts with esketamine or ketamine is recorded without a day: whether it is taken is "
            "unknown. To settle it, add the days."
        )
    if not_fetched := drug_rows.get("not_fetched"):
        said.append(
            f"The server did not give all records of drugs ({', '.join(not_fetched)}): {SAYS_NOTHING}, and for anybody in this "
            "source no definition or measure is “not met” for want of a drug. To settle it, ask its administrator for the "
            "right to read them, and fetch them again."
        )
    if in_care := drug_rows["n_given_in_care_only"]:
        whom = _number(in_care, "person", "people", suppress_below)
        said.append(
            f"Of {whom} nothing but drugs given in hospital or by staff is recorded: what was taken before, after and between "
            f"stays is unknown, and {SAYS_NOTHING}. To settle it, add prescriptions or fills."
        )
    return said


def shares(drug_rows: Mapping) -> str:
    """How many drug rows are of drugs looked for, of other drugs and of unidentified ones, in one line."""
    parts = (
        ("n_looked_for", "of drugs that are looked for"),
        ("n_other", "of other known drugs"),
        ("n_unidentified", "unidentified"),
    )
    of = sum(drug_rows[k] for k, _ in parts)
    counted = ", ".join(f"{drug_rows[k]:,}{_share(drug_rows[k], of)} {words}" for k, words in parts)
    return f"Of {of:,} drug rows: {counted}."


def say_person_incomplete(incomplete: Iterable[Mapping]) -> list[str]:
    """The same of one person, from the rows of `incomplete_medication`."""
    incomplete = list(incomplete)
    reasons = {row["reason"]: row for row in incomplete}
    said = []
    if row := reasons.get("unidentified drugs"):
        said.append(
            f"{row['n_rows']:,} of the {row['n_of']:,} drug rows of this person are of drugs that nobody could identify: "
            f"{SAYS_NOTHING}."
        )
    elif row := reasons.get("unidentified drugs in the source"):
        share = _share(row["n_rows"], row["n_of"])
        said.append(
            f"{row['n_rows']:,} of the {row['n_of']:,} drug rows of this source{share} are of drugs that nobody could identify: "
            f"{SAYS_NOTHING}, for everybody in it."
        )
    if row := reasons.get("drugs without a day"):
        n, drugs = _undated(incomplete, row["reason"])
        said.append(
            f"{n:,} of the {row['n_of']:,} drug rows of this person have no day{drugs}: nobody can say when the drug was "
            "taken, nor on which day a trial began and ended, and so which trials count is unknown."
        )
    if row := reasons.get(OF_INTERACTING):
        n, drugs = _undated(incomplete, row["reason"])
        said.append(
            f"{n:,} of the {row['n_of']:,} drug rows of this person are of a drug that only interacts and have no day{drugs}: "
            "whether it is taken is unknown."
        )
    if "not fetched" in reasons:
        said.append(f"The server did not give all records of drugs: {SAYS_NOTHING}, for everybody in this source.")
    if "given in care only" in reasons:
        said.append(
            "Only drugs given in hospital or by staff are recorded: what was taken before, after and between stays is unknown, "
            f"and {SAYS_NOTHING}."
        )
    return said


def of_trials(incomplete: Iterable[Mapping]) -> list[Mapping]:
    """The rows of `incomplete_medication` that make the absence of a trial, or its days, say nothing."""
    return [row for row in incomplete if row["reason"] != OF_INTERACTING]


def _undated(incomplete: Iterable[Mapping], reason: str) -> tuple[int, str]:
    """How many rows of the reason there are, and ` (sertraline, lithium)`. A result of an earlier version names no drug."""
    rows = [row for row in incomplete if row["reason"] == reason]
    drugs = sorted({row["ingredient"] for row in rows if row.get("ingredient")})
    return sum(row["n_rows"] for row in rows), f" ({', '.join(drugs)})" if drugs else ""


def has_undated(incomplete: Iterable[Mapping]) -> bool:
    """Whether a drug of the person has no usable day, from the rows of `incomplete_medication`."""
    return any(row["reason"] == "drugs without a day" for row in incomplete)


def _number(n: int, one: str, many: str, suppress_below: int = 0) -> str:
    if 0 < n < suppress_below:
        return f"fewer than {suppress_below} {many}"
    return f"{n:,} {one if n == 1 else many}"


def _share(n: int, of: int, suppress_below: int = 0) -> str:
    """` (12 %)`; nothing where the number itself is withheld."""
    if not of or 0 < n < suppress_below:
        return ""
    share = 100 * n / of
    return f" ({'less than 1' if 0 < share < 1 else 'more than 99' if 99 < share < 100 else f'{share:.0f}'} %)"
