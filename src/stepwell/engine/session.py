"""Occasions -> sessions, strung together into series (docs/engine.md, 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from stepwell.evidence import MET, NOT_MET, UNKNOWN, all_of
from stepwell.tables.sessions import OF_AN_OCCASION

from .code_gap import CODE_GAP
from .intervals import without_breaks

_NO_VERDICT = ibis.null("boolean")


def find_session(
    occasion: ir.Table,
    records: Mapping[str, ir.Table],
    known: Mapping[str, ir.Table],
    has: frozenset[str],
    repeated: Sequence[int],
    again: Sequence[int],
) -> ir.Table:
    """One row is one treatment on one day, with what makes it a session against depression or none, and its place in its series.

    Needs: `repeated` and `again`, the numbers of sessions of which the treatments' rules of these names speak.
    Rule: all that the treatment asks of a day holds; of a day that the source declares to be a session only the life span is
    asked. Days that are sessions, or may be, are strung together; a longer pause than the treatment's begins a new series, and
    so does an induction that begins anew.
    Unknown when: a record that would settle a criterion is missing, or the time in which it would be was not observed.
    """
    judged = _judge(occasion, records, known, has)
    may_be = judged.filter(judged.candidate.fill_null(True))
    none = judged.filter(~judged.candidate.fill_null(True))
    strung = _string_together(may_be, repeated, again)
    strung = strung.mutate(is_session=all_of(strung.candidate, strung.is_repeated))
    phase = known["known_phase"].rename(phase_of="treatment")
    in_phase = [
        strung.treatment == phase.phase_of,
        strung.week >= phase.from_week,
        strung.week <= phase.until_week.fill_null(strung.week),
    ]
    strung = strung.left_join(phase, in_phase)
    asks_repeated = strung.repeated_at_least.notnull()
    asks_repeated = asks_repeated & ~strung.is_declared
    strung = strung.mutate(**{"session.repeated": asks_repeated.ifelse(strung.is_repeated, _NO_VERDICT)})
    columns = ("person_id", "treatment", "session_day", "is_session", "is_declared", *OF_AN_OCCASION,
               "series_number", "session_number",
               "phase", "week", "n_days_since", "begun_by", "route", "mg", "mg_at_least", "mg_at_most",
               "is_dose_contradictory", "is_dose_impossible", "is_code_out_of_date", "n_records", "n_repeated_records",
               "minute", "address")  # fmt: skip
    strung = strung.select(columns)
    none = none.mutate(is_session=NOT_MET, **{"session.repeated": _NO_VERDICT})
    blank = {c: ibis.null(strung[c].type()) for c in columns if c not in none.columns}
    return strung.union(none.mutate(**blank).select(columns).cast(strung.schema()))


def _judge(
    occasion: ir.Table, records: Mapping[str, ir.Table], known: Mapping[str, ir.Table], has: frozenset[str]
) -> ir.Table:
    """The occasions with the verdict of every criterion but repetition, and all of them together (`candidate`)."""
    person = records["person"].select("person_id", "birth_earliest_day", "birth_latest_day", "death_day")
    o = occasion.join(known["known_treatment"], "treatment", how="inner").join(person, "person_id", how="inner")
    for name, found in (
        ("was_apart", _apart(occasion, records["procedure"], known)),
        ("was_diagnosed", _diagnosed(occasion, records["condition"], known)),
        ("may_be_apart", _hidden(occasion, records, known, "apart", "procedure")),
        ("may_be_diagnosed", _hidden(occasion, records, known, "diagnosed", "condition")),
        ("from_day", _observed(occasion, records["observation_period"])),
        ("was_declared", _declared(records["declared_session"])),
    ):
        key = ["person_id", "treatment", "session_day"]
        o = o.left_join(found.select(*key, name), key).drop(*(f"{k}_right" for k in key))
    routes = known["known_treatment_name"].filter(lambda n: n.use == "route").select(at="treatment", by="name")
    o = o.left_join(routes, [o.treatment == routes.at, o.route == routes.by])
    o = o.mutate(is_declared=o.was_declared.fill_null(False))
    day, is_seen, unasked = o.session_day, o.from_day.notnull(), ~o.is_declared
    unlived = (day < o.birth_earliest_day).fill_null(False) | (day > o.death_day).fill_null(False)
    looked_back = (day - o.diagnosed_within >= o.from_day).fill_null(False) & ibis.literal("condition" in has)
    verdicts = {
        "session.alive": (True, ibis.cases((unlived, NOT_MET), ((day < o.birth_latest_day), UNKNOWN), else_=MET)),
        "session.given": (True, ibis.cases((o.is_given | o.is_declared, MET), else_=UNKNOWN)),
        "session.route": (
            o.asks_route & unasked,
            ibis.cases((o.route.isnull(), UNKNOWN), (o.by.notnull(), MET), else_=NOT_MET),
        ),
        "session.dose": (
            o.dose_at_most.notnull() & unasked,
            ibis.cases((o.mg_at_most <= o.dose_at_most, MET), (o.mg_at_least > o.dose_at_most, NOT_MET), else_=UNKNOWN),
        ),
        "session.apart": (
            o.asks_apart & unasked,
            ibis.cases(
                (o.was_apart.notnull(), NOT_MET),
                (is_seen & ibis.literal("procedure" in has) & o.may_be_apart.isnull(), MET),
                else_=UNKNOWN,
            ),
        ),
        "session.diagnosed": (
            o.diagnosed_within.notnull() & unasked,
            ibis.cases(
                (o.was_diagnosed.notnull(), MET), (looked_back & o.may_be_diagnosed.isnull(), NOT_MET), else_=UNKNOWN
            ),
        ),
    }
    asked = {name: verdict if is_ is True else is_.ifelse(verdict, MET) for name, (is_, verdict) in verdicts.items()}
    shown = {
        name: verdict if is_ is True else is_.ifelse(verdict, _NO_VERDICT) for name, (is_, verdict) in verdicts.items()
    }
    return o.mutate(candidate=all_of(*asked.values()), **shown)


def _declared(declared: ir.Table) -> ir.Table:
    """The days that the source declares to be sessions of the treatment itself."""
    own = declared.filter(~declared.is_comparator)
    return own.select("person_id", "treatment", "session_day", was_declared=MET).distinct()


def _apart(occasion: ir.Table, procedure: ir.Table, known: Mapping[str, ir.Table]) -> ir.Table:
    """The occasions on whose day another procedure is recorded for which the drug would be given."""
    names = known["known_treatment_name"]
    sets = names.filter(names.use == "apart").drop("use")
    done = procedure.join(sets, procedure.procedure == sets.name)
    done = done.select("person_id", "treatment", session_day="procedure_day", was_apart=MET).distinct()
    return occasion.select("person_id", "treatment", "session_day").join(
        done, ["person_id", "treatment", "session_day"], how="inner"
    )


def _diagnosed(occasion: ir.Table, condition: ir.Table, known: Mapping[str, ir.Table]) -> ir.Table:
    """The occasions with a diagnosis that the treatment asks for on their day or in the time before it."""
    names, treatment = known["known_treatment_name"], known["known_treatment"].select("treatment", "diagnosed_within")
    sets = names.filter(names.use == "diagnosed").drop("use").join(treatment, "treatment", how="inner")
    coded = condition.join(sets, condition.codeset == sets.name)
    coded = coded.select("person_id", "treatment", "condition_day", "diagnosed_within").distinct()
    near = occasion.select("person_id", "treatment", "session_day").join(coded, ["person_id", "treatment"], how="inner")
    near = near.filter(
        near.condition_day <= near.session_day, near.condition_day >= near.session_day - near.diagnosed_within
    )
    return near.select("person_id", "treatment", "session_day", was_diagnosed=MET).distinct()


def _hidden(
    occasion: ir.Table, records: Mapping[str, ir.Table], known: Mapping[str, ir.Table], use: str, record: str
) -> ir.Table:
    """The occasions on whose day, or in the time before it that is asked of diagnoses, records may hide such a code."""
    name = {"apart": "may_be_apart", "diagnosed": "may_be_diagnosed"}[use]
    if CODE_GAP not in records:
        return occasion.select("person_id", "treatment", "session_day").mutate(**{name: MET}).limit(0)
    names, treatment = known["known_treatment_name"], known["known_treatment"].select("treatment", "diagnosed_within")
    sets = names.filter(names.use == use).drop("use").join(treatment, "treatment", how="inner")
    gap = records[CODE_GAP]
    gap = gap.filter(gap.record == record)
    gap = gap.join(sets, gap.codeset.isnull() | (gap.codeset == sets.name))
    near = occasion.select("person_id", "treatment", "session_day").join(gap, ["person_id", "treatment"], how="inner")
    since = near.session_day - (near.diagnosed_within.fill_null(0) if use == "diagnosed" else 0)
    is_near = (near.first_day <= near.session_day).fill_null(True) & (near.last_day >= since).fill_null(True)
    return near.filter(is_near).select("person_id", "treatment", "session_day", **{name: MET}).distinct()


def _observed(occasion: ir.Table, period: ir.Table) -> ir.Table:
    """The occasions that were observed, with the first day of the unbroken observation (`from_day`)."""
    whole = without_breaks(period)
    held = occasion.select("person_id", "treatment", "session_day").join(whole, "person_id", how="inner")
    held = held.filter(held.session_day >= held.from_day, held.session_day <= held.until_day)
    return held.select("person_id", "treatment", "session_day", "from_day")


def _string_together(day: ir.Table, repeated: Sequence[int], again: Sequence[int]) -> ir.Table:
    """The days with their series, their place in it, and whether the treatment is repeated often enough in their unbroken run."""
    of_treatment = ibis.window(group_by=["person_id", "treatment"], order_by="session_day")
    upto = ibis.window(group_by=["person_id", "treatment"], order_by="session_day", rows=(None, 0))
    before = day.session_day.lag().over(of_treatment)
    day = day.mutate(before_day=before, is_pause=(day.session_day - before > day.pause_at_most).fill_null(True))
    day = day.mutate(run=day.is_pause.ifelse(1, 0).sum().over(upto))
    of_run = ibis.window(group_by=["person_id", "treatment", "run"], order_by="session_day")
    whole_run = ibis.window(group_by=["person_id", "treatment", "run"])
    # What may be no session proves no repetition.
    day = day.mutate(is_sure=day.candidate.fill_null(False))
    of_sure = ibis.window(group_by=["person_id", "treatment", "run", "is_sure"], order_by="session_day")
    day = day.mutate(
        run_start_day=day.session_day.min().over(whole_run),
        **{f"sure_with_{n}": day.session_day.lead(n - 1).over(of_sure) - day.session_day for n in repeated},
        **{f"with_{n}": day.session_day.lead(n - 1).over(of_run) - day.session_day for n in again},
    )
    is_close = day.is_sure & ibis.or_(
        NOT_MET,
        *((day.repeated_at_least == n) & (day[f"sure_with_{n}"] <= day.repeated_within) for n in repeated),
    )
    begins_anew = (
        (day.session_day - day.run_start_day > day.again_after)
        & (day.session_day - day.before_day >= day.again_pause)
        & ibis.or_(NOT_MET, *((day.again_at_least == n) & (day[f"with_{n}"] <= day.again_within) for n in again))
    )
    day = day.mutate(is_close=is_close.fill_null(False), is_anew=begins_anew.fill_null(False))
    day = day.mutate(
        is_repeated=ibis.cases(
            (day.repeated_at_least.isnull() | day.is_declared, MET),
            (day.is_close.any().over(whole_run), MET),
            else_=UNKNOWN,
        ),
        series_number=(day.is_pause | day.is_anew).ifelse(1, 0).sum().over(upto),
    )
    of_series = ibis.window(group_by=["person_id", "treatment", "series_number"], order_by="session_day")
    whole = ibis.window(group_by=["person_id", "treatment", "series_number"])
    day = day.mutate(
        session_number=ibis.row_number().over(of_series) + 1,
        n_days_since=day.session_day - day.session_day.lag().over(of_series),
        start_day=day.session_day.min().over(whole),
        begun_by=ibis.cases((day.before_day.isnull(), "first"), (day.is_pause, "pause"), else_="re-induction"),
    )
    return day.mutate(week=((day.session_day - day.start_day) / 7).floor().cast("int64") + 1)
