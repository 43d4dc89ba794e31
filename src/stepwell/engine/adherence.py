"""Sessions and series under a regimen: given as it asks, or not (docs/engine.md, 12)."""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from stepwell.evidence import MET, NOT_MET, UNKNOWN, all_of, any_of, any_row
from stepwell.knowledge.regimen import DoseRule, OfAge, Phase, Regimen
from stepwell.tables.sessions import OF_A_SERIES, OF_A_SESSION

from .intervals import to_day

_UNASKED = ibis.null("boolean")
_NONE = ibis.null("float64")
_SERIES = ("person_id", "series_number")
_READINGS = ("systolic", "diastolic")
_OXYGEN = "oxygen saturation"


def judge_session(
    session: ir.Table, series: ir.Table, monitoring: ir.Table, regimen: Regimen, indicated: ir.Table | None = None
) -> ir.Table:
    """One row is one session of a series of the regimen's treatment, with a column per criterion (NULL: unknown, or not asked).

    Needs: `indicated` (`find_indicated`), where the regimen says for whom it is.
    Rule: a series that the indication does not apply to has no rows. Weeks are counted from the first session of the series.
    Readings are those of the session's day.
    Unknown when: nobody can tell whether the indication applies; the record that would settle it is missing: the dose, the age, a
    reading, the time of a reading, the form. What no record holds was not for that reason left undone. Whether a week has too
    many, where it is unknown of some whether they are sessions.
    """
    ages = series.filter(series.treatment == regimen.treatment).select(*_SERIES, "age_years", "age_at_most")
    s = session.filter((session.treatment == regimen.treatment) & session.series_number.notnull())
    s = s.join(ages, list(_SERIES), how="inner")
    if indicated is None:
        s = s.mutate(is_indicated=_UNASKED)
    else:
        s = s.join(indicated.filter(indicated.is_indicated.fill_null(True)), list(_SERIES), how="inner")
    read = _read(monitoring, regimen)
    s = s.left_join(read, [s.person_id == read.read_of, s.session_day == read.read_on])
    phase = ibis.cases(*((_is_in(s.week, p), p.id) for p in regimen.phases))
    in_week = ibis.window(group_by=[*_SERIES, "week"], order_by="session_number", rows=(None, 0))
    s = s.mutate(
        phase=phase, n_in_week=s.count().over(in_week), n_sure=s.is_session.fill_null(False).sum().over(in_week)
    )
    return s.select(
        *_SERIES,
        "session_number",
        "phase",
        "week",
        "n_in_week",
        "is_session",
        **{name: _if_indicated(name, _JUDGES[name](s, regimen), s.is_indicated, regimen) for name in OF_A_SESSION},
        **{c: s[c] for c in _SHOWN},
    )


def judge_series(judged: ir.Table, series: ir.Table, regimen: Regimen) -> ir.Table:
    """One row is one series under the regimen: not met where any session's is not, else unknown where any is, and what only the
    whole series can show: sessions missed in the weeks before the last session's."""
    asked = {path for path, _rule in regimen.rules()}
    names = {name: name.partition(".")[2] for name in OF_A_SESSION}
    together = judged.group_by(*_SERIES).agg(
        n_sessions=judged.count(),
        last_week=judged.week.max(),
        **{name: ~any_row(~judged[name]) for name in OF_A_SESSION if name in asked},
        **{f"n_not_met.{short}": (~judged[name]).sum().fill_null(0) for name, short in names.items()},
        **{f"n_unknown.{short}": judged[name].isnull().sum() for name, short in names.items() if name in asked},
    )
    together = together.mutate(
        **{name: _UNASKED for name in OF_A_SESSION if name not in asked},
        **{f"n_unknown.{short}": ibis.literal(0) for name, short in names.items() if name not in asked},
    )
    of = series.filter(series.treatment == regimen.treatment).select(*_SERIES, "is_observed")
    together = together.join(of, list(_SERIES), how="inner")
    for name, rows in (("n_missed", judged), ("n_missed_at_most", judged.filter(judged.is_session))):
        made = _made(rows, together, regimen.phases)
        together = together.left_join(made, list(_SERIES)).drop(*(f"{k}_right" for k in _SERIES))
        planned = sum((_blocks(together, p) * p.at_least for p in _planned(regimen.phases)), ibis.literal(0))
        together = together.mutate(**{name: planned - together.n_made.fill_null(0)}).drop("n_made")
    missed = ibis.cases(
        (together.n_missed_at_most == 0, MET), ((together.n_missed > 0) & together.is_observed, NOT_MET), else_=UNKNOWN
    )
    missed = missed if _planned(regimen.phases) else _UNASKED
    missed = _if_indicated("regimen.missed", missed, together["regimen.indicated"], regimen)
    assert set(OF_A_SERIES) == {*OF_A_SESSION, "regimen.missed"}
    return together.mutate(**{"regimen.missed": missed})


def _if_indicated(name: str, verdict: ir.BooleanValue, is_indicated: ir.BooleanValue, regimen: Regimen):
    """The verdict, unknown where it is unknown whether the regimen is for the series."""
    if regimen.indicated is None or name == "regimen.indicated":
        return verdict
    return is_indicated.ifelse(verdict, _UNASKED)


def _is_in(week: ir.IntegerValue, phase: Phase) -> ir.BooleanValue:
    until = MET if phase.until_week is None else week <= phase.until_week
    return (week >= phase.from_week) & until


def _in_force(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    first = regimen.in_force_from
    return _UNASKED if first is None else s.session_day >= to_day(ibis.date(first))


def _of_age(s: ir.Table, rule: OfAge) -> ir.BooleanValue:
    """Whether the rule is for a person of this age; unknown where the birth allows both."""
    verdicts = []
    if rule.age_at_least is not None:
        old, may_be = s.age_years >= rule.age_at_least, s.age_at_most >= rule.age_at_least
        verdicts.append(ibis.cases((old, MET), (~may_be, NOT_MET), else_=UNKNOWN))
    if rule.age_below is not None:
        young, may_be = s.age_at_most < rule.age_below, s.age_years < rule.age_below
        verdicts.append(ibis.cases((young, MET), (~may_be, NOT_MET), else_=UNKNOWN))
    return all_of(*verdicts)


def _dose(s: ir.Table, rules: list[DoseRule]) -> ir.BooleanValue:
    """Whether the dose is one of those that the rule for their age names. A dose known as a range is judged by its ends."""
    verdicts = []
    for rule in rules:
        outside = [(s.mg_at_most < mg) | (s.mg_at_least > mg) for mg in rule.any_of]
        verdicts.append(ibis.cases((s.mg.isin(rule.any_of), MET), (ibis.and_(*outside), NOT_MET), else_=UNKNOWN))
    return _by_age(s, rules, verdicts)


def _by_age(s: ir.Table, rules: Sequence[OfAge], verdicts: list[ir.BooleanValue]) -> ir.BooleanValue:
    """The verdict by the rule for the person's age; where that allows several rules, what all of them say, else unknown."""
    of_their_age = any_of(*(_of_age(s, rule) & verdict for rule, verdict in zip(rules, verdicts, strict=True)))
    is_of_every_age = {rule.age_at_least for rule in rules} == {rule.age_below for rule in rules}
    return of_their_age | all_of(*verdicts) if is_of_every_age else of_their_age


def _first_dose(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    rules = [d for d in regimen.doses if d.when == "first session"]
    if not rules:
        return _UNASKED
    return (s.session_number == 1).ifelse(_dose(s, rules), MET)


def _later_dose(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    every = [d for d in regimen.doses if d.when == "every session"]
    later = [d for d in regimen.doses if d.when == "later sessions"]
    verdicts = [_dose(s, every)] if every else []
    verdicts += [(s.session_number > 1).ifelse(_dose(s, later), MET)] if later else []
    return all_of(*verdicts) if verdicts else _UNASKED


def _frequency(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    most = ibis.cases(*((_is_in(s.week, p), p.at_most) for p in regimen.phases))
    return ibis.cases((s.n_in_week <= most, MET), (s.n_sure > most, NOT_MET), else_=UNKNOWN)


def _observed(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    return _UNASKED if regimen.observed is None else s.observed_minutes >= regimen.observed.at_least


def _pressure_before(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    if not regimen.pressure_before:
        return _UNASKED
    verdicts = []
    for rule in regimen.pressure_before:
        limits = ((s.systolic_before, rule.systolic_at_most), (s.diastolic_before, rule.diastolic_at_most))
        verdicts.append(all_of(*(_taken(read) if most is None else read <= most for read, most in limits)))
    return _by_age(s, regimen.pressure_before, verdicts)


def _pressure_after(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    return _UNASKED if regimen.pressure_after is None else _taken(s.systolic_after) & _taken(s.diastolic_after)


def _pressure_end(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    if regimen.pressure_end is None:
        return _UNASKED
    return all_of(*(_has_come_down(*(s[f"{r}_{when}"] for when in ("before", "after", "end"))) for r in _READINGS))


def _has_come_down(before: ir.FloatingValue, after: ir.FloatingValue, end: ir.FloatingValue) -> ir.BooleanValue:
    """Below the reading after the dose; or equal to it where it did not rise above that before the dose."""
    return (end < after) | ((end == after) & (end <= before))


def _oxygen(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    """Met by a reading after the dose, and for sessions before it was asked. No saturation is asked, so none is too low."""
    if regimen.oxygen is None:
        return _UNASKED
    first, taken = regimen.oxygen.valid_from, _taken(s.oxygen_least)
    return taken if first is None else (s.session_day < to_day(ibis.date(first))).ifelse(MET, taken)


def _taken(reading: ir.FloatingValue) -> ir.BooleanValue:
    """Met where a reading is recorded; that none is does not say that none was taken."""
    return ibis.cases((reading.notnull(), MET), else_=UNKNOWN)


def _sedation(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    return _UNASKED if regimen.sedation is None else s.moaa_s_end >= regimen.sedation.at_least


def _dissociation(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    if regimen.dissociation is None:
        return _UNASKED
    return (s.cadss_end <= regimen.dissociation.at_most) | (s.cadss_end <= s.cadss_before).fill_null(False)


def _form(s: ir.Table, regimen: Regimen) -> ir.BooleanValue:
    return _UNASKED if regimen.form is None else s.form_days <= regimen.form.within


_JUDGES = {
    "regimen.indicated": lambda s, regimen: s.is_indicated,
    "regimen.in_force": _in_force,
    "regimen.first_dose": _first_dose,
    "regimen.dose": _later_dose,
    "regimen.frequency": _frequency,
    "regimen.observed": _observed,
    "regimen.pressure_before": _pressure_before,
    "regimen.pressure_after": _pressure_after,
    "regimen.pressure_end": _pressure_end,
    "regimen.oxygen": _oxygen,
    "regimen.sedation": _sedation,
    "regimen.dissociation": _dissociation,
    "regimen.form": _form,
}
_SHOWN = (
    "observed_minutes", "systolic_before", "diastolic_before", "systolic_after", "diastolic_after", "systolic_end",
    "diastolic_end", "oxygen_before", "oxygen_least", "oxygen_end",
    "moaa_s_least", "moaa_s_end", "cadss_before", "cadss_greatest", "cadss_end", "form_days",
)  # fmt: skip


def _read(monitoring: ir.Table, regimen: Regimen) -> ir.Table:
    """What was read on each day, by the regimen's windows; of two readings of a minute the worse one."""
    m = monitoring.filter(monitoring.value.notnull())
    worst = m.group_by("person_id", "session_day", "kind", "minutes").agg(high=m.value.max(), low=m.value.min())
    worst = worst.mutate(value=worst.kind.isin(["moaa-s", _OXYGEN]).ifelse(worst.low, worst.high))
    at = worst.minutes
    before, after = at <= 0, at > 0

    def last(kind: str, when: ir.BooleanValue) -> ir.FloatingValue:
        return worst.value.argmax(at, where=(worst.kind == kind) & when)

    columns = {
        "observed_minutes": worst.value.max(where=worst.kind == "observed"),
        "form_days": worst.value.min(where=worst.kind == "form sent"),
        "oxygen_before": last(_OXYGEN, before),
        "oxygen_least": worst.value.min(where=(worst.kind == _OXYGEN) & after),
        "oxygen_end": last(_OXYGEN, after),
        "moaa_s_least": worst.value.min(where=(worst.kind == "moaa-s") & after),
        "moaa_s_end": last("moaa-s", after),
        "cadss_before": last("cadss", before),
        "cadss_greatest": worst.value.max(where=(worst.kind == "cadss") & after),
        "cadss_end": last("cadss", after),
    }
    window = regimen.pressure_after
    for kind in _READINGS:
        columns[f"{kind}_before"] = last(kind, before)
        if window is None:
            continue
        in_window = (worst.kind == kind) & at.between(window.first, window.last)
        columns[f"{kind}_after"] = worst.value.argmin(at, where=in_window)
        columns[f"{kind}_end"] = last(kind, at > window.last)
    read = worst.group_by(read_of=worst.person_id, read_on=worst.session_day).agg(**columns)
    return read.mutate(**{name: _NONE for name in _SHOWN if name not in columns})


def _planned(phases: tuple[Phase, ...]) -> list[Phase]:
    return [p for p in phases if p.at_least is not None]


def _blocks(together: ir.Table, phase: Phase) -> ir.IntegerValue:
    """How many whole stretches of the phase lie before the week of the last session."""
    last = together.last_week - 1
    until = last if phase.until_week is None else ibis.least(last, phase.until_week)
    weeks = ibis.greatest(until - phase.from_week + 1, 0)
    return (weeks / (phase.every // 7)).floor().cast("int64")


def _made(rows: ir.Table, together: ir.Table, phases: tuple[Phase, ...]) -> ir.Table:
    """Of the sessions planned in whole stretches, how many were made (`n_made`): in each at most as many as were planned."""
    planned = _planned(phases)
    if not planned:
        return together.select(*_SERIES, n_made=ibis.literal(0))
    rows = rows.join(together.select(*_SERIES, "last_week"), list(_SERIES), how="inner")
    number = ibis.cases(*((_is_in(rows.week, p), n) for n, p in enumerate(planned)))
    stretch = ibis.cases(
        *((_is_in(rows.week, p), ((rows.week - p.from_week) / (p.every // 7)).floor()) for p in planned)
    )
    whole = ibis.cases(*((_is_in(rows.week, p), stretch < _blocks(rows, p)) for p in planned))
    needed = ibis.cases(*((_is_in(rows.week, p), p.at_least) for p in planned))
    rows = rows.mutate(phase_number=number, stretch=stretch, is_whole=whole, needed=needed)
    rows = rows.filter(rows.is_whole.fill_null(False))
    each = rows.group_by(*_SERIES, "phase_number", "stretch", "needed").agg(n=rows.count())
    return each.group_by(*_SERIES).agg(n_made=ibis.least(each.n, each.needed).sum())
