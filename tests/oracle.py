"""The rules of docs/engine.md once more, as plain loops over small lists: the reading that the engine must agree with.

Written from that page and the forms alone, never from the engine, and without any thought of speed. Section numbers are
those of the page. Inside, a day is an integer (`date.toordinal`) and a verdict is True, False or None (unknown); an
attribute has the name of its column without `_date`, so `as_row` can turn each object into a row of the declared table.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby, pairwise
from math import floor, inf
from types import SimpleNamespace

from stepwell.knowledge.definition import Branch, Definition, TrialBuilding
from stepwell.knowledge.forms import Knowledge
from stepwell.tables import DETERMINATION, EPISODE, EXPOSURE, JUDGED_TRIAL, RECORDS, STEP, TRIAL, Table

DEPRESSION = ("major-depression", "depression-other")
Row = dict[str, object]
Tables = dict[str, list[Row]]
Verdict = bool | None
STAGES = (EXPOSURE, TRIAL, EPISODE, JUDGED_TRIAL, DETERMINATION, STEP)


def determine(
    records: dict[str, list[Row]], definition: Definition, knowledge: Knowledge, has=None
) -> dict[str, list[Row]]:
    """Every table for one definition, in the order of its key. `has` names the record tables that the source holds."""
    has = frozenset(records if has is None else has)
    result: Tables = {table.name: [] for table in STAGES}
    of_person: dict[int, Tables] = {p["person_id"]: {name: [] for name in records} for p in records["person"]}
    for name, rows in records.items():
        for row in rows:
            of_person[row["person_id"]][name].append(row)
    for person in sorted(records["person"], key=lambda p: p["person_id"]):
        one = Person(person, of_person[person["person_id"]], definition, knowledge, has)
        made = (one.exposures, one.trials, one.episodes, one.judged, [one.determination], one.steps)
        for table, objects in zip(STAGES, made, strict=True):
            for o in objects:
                o.person_id, o.definition, o.setting, o.rule = person["person_id"], definition.name, None, None
            rows = [as_row(table, o) for o in objects]
            key = [k for k in table.key if k not in ("setting", "rule")]
            if table is JUDGED_TRIAL:
                # Several branches may share a rule; here each has rows of its own.
                rows = [
                    r | {"definition": o.definition, "branch": o.branch} for r, o in zip(rows, objects, strict=True)
                ]
                key.append("branch")
            result[table.name] += sorted(rows, key=lambda r, key=key: [r[k] for k in key])
    return result


class Person:
    """One person under one definition: the stages in their order."""

    def __init__(
        self, person: Row, own: dict[str, list[Row]], definition: Definition, knowledge: Knowledge, has: frozenset
    ):
        form = self.form = definition.trials
        self.periods = [(day(r["start_date"]), day(r["end_date"])) for r in own.get("observation_period", [])]
        self.conditions = [(day(r["condition_date"]), r["codeset"]) for r in own.get("condition", [])]
        self.codes = {
            (r["codeset"], day(r["condition_date"]), r["vocabulary"], r["code"], r["address"])
            for r in own.get("condition", [])
        }
        self.procedures = [(day(r["procedure_date"]), r["procedure"]) for r in own.get("procedure", [])]
        self.gaps = own.get("code_gap", [])
        self.missing = {r["reason"] for r in own.get("incomplete_medication", [])} - {OF_INTERACTING}
        self.scores = find_scores(own.get("measurement", []))
        rows = own.get("medication", [])
        self.exposures = taken = find_exposures(rows, knowledge)
        if form.medication_evidence.is_ == "supplied":
            taken = find_exposures([r for r in rows if r["is_supplied"] is True], knowledge)
            if any(e.is_supplied is None for e in self.exposures):
                self.missing |= {NOT_SAID}
        self.trials = find_trials(taken, form, knowledge, self.periods)
        self.episodes = find_episodes(self.trials, self.conditions, form)
        self.joined = join_episodes(self.episodes, self.gaps, form)
        for t in self.trials:
            look_beside(t, self.trials, form)
            until = min([d for d in (t.switch, t.added) if d is not None], default=None)
            respond(t, self.scores, form, knowledge, until, self.gaps, may_go_on=not t.is_end_known)
            t.outcome = outcome(t, knowledge)
        self.judged = [
            judge(t, number, branch, self, knowledge, knows_unknown=definition.as_code is None)
            for t in self.trials
            for number, branch in enumerate(definition.branch, start=1)
        ]
        self.determination = conclude(self, person, definition, has)
        self.steps = find_steps(self, form, knowledge)


# --- 0 complete drug records ---

GIVEN_IN_CARE = "given in care only"
WITHOUT_DAY = "drugs without a day"
OF_INTERACTING = "interacting drugs without a day"
"""Says nothing about trials."""
NOT_SAID = "not known to be supplied"


def days_between(t, form: TrialBuilding) -> int:
    """The days of a trial on which nothing was supplied or given."""
    return t.n_days - t.n_exposures + 1 if form.basis.is_ == "prescriptions" else t.n_gap_days


# --- three-valued logic ---


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    verdicts = list(verdicts)
    return False if False in verdicts else None if None in verdicts else True


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    verdicts = list(verdicts)
    return True if True in verdicts else None if None in verdicts else False


def at_least(n: int, sure: int, possible: int) -> Verdict:
    return True if sure >= n else None if possible >= n else False


# --- 1 exposure ---


def find_exposures(rows: list[Row], knowledge: Knowledge) -> list[SimpleNamespace]:
    exposures = []
    rows = [r for r in rows if knowledge.ingredients[r["ingredient"]].role != "set-aside"]
    for (ingredient, start), same_day in group(rows, "ingredient", "start_date"):
        content = {(r["end_date"], r["mg_per_day"], r["labelled_use"], r["stop_reason"]) for r in same_day}  # 1.1
        ends = [end for end, *_ in content if end is not None]
        doses = [dose for _, dose, *_ in content]
        reasons = {reason for *_, reason in content}
        e = SimpleNamespace(ingredient=ingredient, start=day(start), is_end_known=bool(ends))
        e.end = day(max(ends)) if ends else e.start  # 1.2, 1.3
        e.era_until = max(e.start + 1 if end is None else day(end) for end, *_ in content)
        e.mg_per_day = None if None in doses else floor(sum(doses) * 1e6 + 0.5) / 1e6  # whatever the order
        e.stop_reason = next((r for r in ("intolerance", "no effect", "other") if r in reasons), None)
        e.is_antidepressant_use = use_of(ingredient, e.mg_per_day, [label for _, _, label, _ in content], knowledge)
        e.is_supplied = any_of(r["is_supplied"] for r in same_day)
        e.n_records, e.address = len(same_day), min(r["address"] for r in same_day)
        exposures.append(e)
    for one, following in pairwise(exposures):
        if one.ingredient == following.ingredient:
            one.end = min(one.end, following.start - 1)  # 1.4
    return exposures


def use_of(ingredient: str, dose: float | None, labels: list[str | None], knowledge: Knowledge) -> Verdict:
    if None not in labels:
        return None if "not known" in labels else False
    limits = [rule.at_most_mg_per_day for rule in knowledge.role_rules if rule.ingredient == ingredient]
    if not limits:
        return True
    return None if dose is None else dose > max(limits)


# --- 2 trial ---


def find_trials(exposures: list, form: TrialBuilding, knowledge: Knowledge, periods: list) -> list[SimpleNamespace]:
    runs: list[list] = []
    for e in exposures:
        if runs and runs[-1][-1].ingredient == e.ingredient and belongs(runs[-1], e, form):
            runs[-1].append(e)
        else:
            runs.append([e])
    trials = [trial_of(run, form, knowledge, periods) for run in runs]
    trials.sort(key=lambda t: (t.start, t.ingredient))
    for number, t in enumerate(trials, start=1):
        t.trial_number = number
        t.next_prescription = next_prescription(t, exposures, knowledge) if form.basis.is_ == "prescriptions" else None
    return trials


def next_prescription(t, exposures: list, knowledge: Knowledge) -> int | None:
    own = [e for e in exposures if knowledge.ingredients[e.ingredient].role == "antidepressant"]
    later = [e for e in own if (e.start, e.ingredient) > (t.end, t.ingredient)]
    following = min(later, key=lambda e: (e.start, e.ingredient), default=None)
    if t.role != "antidepressant" or following is None or following.ingredient == t.ingredient:
        return None
    return following.start


def belongs(run: list, following, form: TrialBuilding) -> bool:
    one = run[-1]
    if form.basis.is_ == "eras":
        return following.start - era_end(run) <= form.max_gap.at_most
    if form.basis.is_ == "prescriptions":
        return following.start - one.start <= form.max_gap.at_most
    if following.start - one.end - 1 <= form.max_gap.at_most:
        return True
    return not one.is_end_known and following.start - one.start <= form.unknown_supply.at_most


def era_end(run: list) -> int:
    return max(e.era_until for e in run)


def trial_of(run: list, form: TrialBuilding, knowledge: Knowledge, periods: list) -> SimpleNamespace:
    first, last = run[0], run[-1]
    drug = knowledge.ingredients[first.ingredient]
    by_prescriptions, by_eras = form.basis.is_ == "prescriptions", form.basis.is_ == "eras"
    t = SimpleNamespace(ingredient=first.ingredient, drug_class=drug.drug_class, role=drug.role, exposures=run)
    t.start, t.end = first.start, last.start if by_prescriptions else era_end(run) if by_eras else last.end
    t.is_end_known = by_prescriptions or by_eras or last.is_end_known
    t.n_days = t.end - t.start + (0 if by_prescriptions else 1)
    ends = [era_end(run[: i + 1]) if by_eras else e.end for i, e in enumerate(run)]
    gaps = [max(0, following.start - end - 1) for end, following in zip(ends, run[1:], strict=False)]
    t.n_gap_days = 0 if by_prescriptions else sum(gaps)
    t.n_exposures, t.stop_reason, t.address = len(run), last.stop_reason, first.address
    t.is_antidepressant_use = any_of(e.is_antidepressant_use for e in run)
    doses = [e.mg_per_day for e in run if e.mg_per_day is not None]
    t.first_mg_per_day, t.max_mg_per_day = (doses[0], max(doses)) if doses else (None, None)
    t.min_adequate_mg_per_day = next(
        (
            m.min_mg_per_day
            for m in knowledge.dose_minima
            if m.ingredient == t.ingredient and m.standard == form.dose_standard.is_
        ),
        None,
    )
    t.n_days_adequate = t.n_days_dose_unknown = 0
    for i, e in enumerate(run):
        n_days = (run[i + 1].start if i + 1 < len(run) else t.start + t.n_days) - e.start  # 2.2: up to the next supply
        adequate = is_adequate(e.mg_per_day, t.min_adequate_mg_per_day)
        t.n_days_adequate += n_days if adequate else 0
        t.n_days_dose_unknown += n_days if adequate is None else 0
    t.last_dose_adequate = is_adequate(last.mg_per_day, t.min_adequate_mg_per_day)
    t.observed_until = observed_until(t.end, periods)
    t.is_ongoing = None if t.observed_until is None else t.observed_until - t.end < form.max_gap.at_most + 1
    t.episode_number = None
    return t


def is_adequate(dose: float | None, minimum: float | None) -> Verdict:
    return None if dose is None or minimum is None else dose >= minimum


def observed_until(last_day: int, periods: list[tuple[int, int]]) -> int | None:
    return max((end for start, end in periods if start - 1 <= last_day <= end), default=None)


# --- 3 episode ---


def find_episodes(trials: list, conditions: list, form: TrialBuilding) -> list[SimpleNamespace]:
    own = [t for t in trials if may_be_antidepressant(t)]
    days = sorted({d for d, codeset in conditions if codeset in DEPRESSION})
    pieces = [(t.start, t.end, t) for t in own] + [(d, d, None) for d in days]
    episodes: list[SimpleNamespace] = []
    for start, end, trial in sorted(pieces, key=lambda piece: piece[:2]):
        if not episodes or start - episodes[-1].end - 1 > form.episode_gap.at_most:
            number = len(episodes) + 1
            episodes.append(SimpleNamespace(episode_number=number, start=start, end=end, n_trials=0, n_diagnoses=0))
        e = episodes[-1]
        e.end = max(e.end, end)
        if trial is None:
            e.n_diagnoses += 1
        else:
            e.n_trials += 1
            trial.episode_number = e.episode_number
    for t in trials:
        if not may_be_antidepressant(t):
            for e in episodes:
                if e.start <= t.start and t.start - e.end <= form.episode_gap.at_most:
                    t.episode_number = e.episode_number
    return episodes


def undated(gaps: list[Row], record: str, names, first: float = -inf, last: float = inf) -> int:
    """How many rows of these names have no usable day, and may be of these days."""
    found = [g for g in gaps if g["record"] == record and g["codeset"] in names and g["reason"] == "without a day"]
    spans = [(g["n_rows"], day(g["first_date"]), day(g["last_date"])) for g in found]
    return sum(n for n, a, b in spans if (a is None or a <= last) and (b is None or b >= first))


def join_episodes(episodes: list, gaps: list[Row], form: TrialBuilding) -> dict[int | None, int | None]:
    """The number of each episode, and of the first one with which diagnoses without a day may make it one: such a row shortens
    the pause by a day, and leaves at most one pause more than there are rows."""
    joined: dict[int | None, int | None] = {None: None}
    most = form.episode_gap.at_most
    for e, before in zip(episodes, [None, *episodes], strict=False):
        joined[e.episode_number] = e.episode_number
        if before is not None:
            pause = e.start - before.end - 1
            n = undated(gaps, "condition", DEPRESSION, before.end + 1, e.start - 1)
            if n and pause - n <= (n + 1) * most:
                joined[e.episode_number] = joined[before.episode_number]
    return joined


def may_be_antidepressant(t, certain: bool = False) -> bool:
    return t.role == "antidepressant" and (
        t.is_antidepressant_use is True or (not certain and t.is_antidepressant_use is None)
    )


# --- 4 beside other drugs ---


def look_beside(t, trials: list, form: TrialBuilding) -> None:
    taper = form.cross_taper.at_most
    others = [u for u in trials if u.ingredient != t.ingredient]

    def switch(certain: bool, of_other_class: bool = False) -> int | None:
        found = [u for u in others if may_be_antidepressant(u, certain) and u.end > t.end]
        found = [u.start for u in found if not of_other_class or u.drug_class != t.drug_class]
        return min((s for s in found if s > t.start and s >= t.end - taper), default=None)

    def added(certain: bool) -> int | None:
        candidates = [u for u in others if u.role != "antidepressant" or may_be_antidepressant(u, certain)]
        inside = [u for u in candidates if t.start < u.start < t.end - taper and days_in_common(t, u) > taper]
        return min((u.start for u in inside), default=None)

    t.switch, t.possible_switch = switch(certain=True), switch(certain=False)
    t.class_switch, t.possible_class_switch = switch(certain=True, of_other_class=True), switch(False, True)
    t.added, t.possible_added = added(certain=True), added(certain=False)

    def before(certain: bool) -> int | None:
        begun = [u for u in others if may_be_antidepressant(u, certain) and u.start <= t.start]
        return max((min(u.end, t.start) for u in begun), default=None)

    t.antidepressant_before, t.possible_antidepressant_before = before(certain=True), before(certain=False)
    t.joined_trial_number = next(
        (
            u.trial_number
            for u in others
            if may_be_antidepressant(u, certain=True)
            and (u.start, u.trial_number) < (t.start, t.trial_number)
            and days_in_common(t, u) > taper
        ),
        None,
    )


def days_in_common(t, u) -> int:
    return max(0, min(t.end, u.end) - max(t.start, u.start) + 1)


# --- 5 response ---


def find_scores(rows: list[Row]) -> dict[str, dict[int, float]]:
    scores: dict[str, dict[int, float]] = {}
    for r in rows:
        if r["total"] is not None:
            of_day = scores.setdefault(r["instrument"], {})
            of_day[day(r["measured_date"])] = max(r["total"], of_day.get(day(r["measured_date"]), r["total"]))
    return scores


def respond(
    o,
    scores: dict,
    form: TrialBuilding,
    knowledge: Knowledge,
    until: int | None,
    gaps: list[Row],
    may_go_on: bool = False,
) -> None:
    """Fill in baseline, endpoint and what they say, for a trial or a rung; no endpoint after the day `until`."""
    o.instrument = o.baseline = o.baseline_total = o.endpoint = o.endpoint_total = None
    o.improvement_pct = o.is_remission = o.is_response = None
    o.may_be_scored = False
    last = o.end + form.endpoint.after_end if until is None else min(until, o.end + form.endpoint.after_end)
    windows = [
        (o.start - form.baseline.before, o.start + form.baseline.after),
        (o.start + form.endpoint.after_start, last),
    ]
    latest = o.end + (form.unknown_supply.at_most if may_go_on else 0) + form.endpoint.after_end
    latest = latest if until is None else min(until, latest)
    if windows[1][0] > latest:
        return
    for instrument in sorted(knowledge.instruments.values(), key=lambda i: i.rank):
        totals = scores.get(instrument.id, {})
        before = [d for d in totals if o.start - form.baseline.before <= d <= o.start + form.baseline.after]
        after = [d for d in totals if o.start + form.endpoint.after_start <= d <= o.end + form.endpoint.after_end]
        after = [d for d in after if before and d > max(before) and (until is None or d <= until)]
        o.may_be_scored |= bool(before) and any(last < d <= latest and windows[1][0] <= d for d in totals)
        since = [max(before), max(after)] if after else [first for first, _ in windows]
        for first, (_, end) in zip(since, windows, strict=True):
            if windows[1][0] > last:
                continue
            o.may_be_scored |= first <= end and undated(gaps, "measurement", [instrument.id], first, end) > 0
        if not after:
            continue
        if o.may_be_scored:
            return
        cut = instrument.remission.at_most
        o.instrument, o.baseline, o.endpoint = instrument.id, max(before), max(after)
        o.baseline_total, o.endpoint_total = totals[o.baseline], totals[o.endpoint]
        o.is_remission = o.endpoint_total <= cut
        if o.baseline_total > cut:
            o.improvement_pct = 100 * (o.baseline_total - o.endpoint_total) / o.baseline_total
            o.is_response = o.improvement_pct >= instrument.response.at_least
        return


def outcome(t, knowledge: Knowledge) -> str:
    if t.may_be_scored:
        return "unknown"
    if t.is_remission:
        return "remission"
    if t.is_response:
        return "response"
    if t.stop_reason == "intolerance":
        return "intolerance"
    if t.improvement_pct is not None:
        partial = t.improvement_pct >= knowledge.instruments[t.instrument].response.at_least / 2
        return "partial response" if partial else "no response"
    if t.switch is not None:
        return "switched, unscored"
    return "added to, unscored" if t.added is not None else "unknown"


# --- 6 criteria of a trial ---


def judge(t, number: int, branch: Branch, p: Person, knowledge: Knowledge, knows_unknown: bool) -> SimpleNamespace:
    """One trial under one branch; a criterion that is not asked stays None and takes no part."""
    trial, failure = branch.trial, branch.failure
    # What a program does not find it reads as not so.
    missing = p.missing if knows_unknown else set()
    in_care_only = GIVEN_IN_CARE in missing
    unsure_days = days_between(t, p.form) if in_care_only else 0
    may_go_on = not t.is_end_known or t.is_ongoing is not False or bool(missing)
    j = SimpleNamespace(trial_number=t.trial_number, branch=number, t=t)
    ask: dict[str, Verdict] = {"trial.role": t.role in (trial.role.any_of or [trial.role.is_])}
    ask["trial.use"] = True if trial.use.is_ == "any" else t.is_antidepressant_use
    if trial.min_duration:
        longest, n_days = trial.min_duration.single_until_next, t.n_days - unsure_days
        if longest is not None and not in_care_only and t.n_exposures == 1 and t.next_prescription is not None:
            until_next = t.next_prescription - t.end
            n_days = max(n_days, until_next if until_next <= longest else 0)
        ask["trial.min_duration"] = True if n_days >= trial.min_duration.at_least else None if may_go_on else False
    if trial.min_dose:
        limit = trial.min_dose.at_least
        may_suffice = t.n_days_adequate + t.n_days_dose_unknown >= limit or (
            may_go_on and t.last_dose_adequate is not False
        )
        enough = t.n_days_adequate - unsure_days >= limit
        ask["trial.min_dose"] = True if enough else None if may_suffice or missing else False
    if trial.drug:
        ask["trial.drug"] = t.ingredient in trial.drug.any_of or t.drug_class in trial.drug.of_class
    if trial.min_supplies:
        often = t.n_exposures >= trial.min_supplies.at_least
        ask["trial.min_supplies"] = True if often else None if may_go_on else False
    look_back(j, t, trial, p)
    if trial.recent:
        enough = None if j.n_recent_drugs is None else j.n_recent_drugs >= trial.recent.at_least
        if enough and trial.recent.begun_before is not None:
            enough = j.n_recent_drugs_before >= trial.recent.begun_before
        ask["trial.recent"] = None if missing and not enough else enough
    if trial.diagnosed:
        ask["trial.diagnosed"] = None if j.n_recent_diagnoses is None else j.n_recent_diagnoses > 0
    if trial.still_ill:
        least = trial.still_ill.limits.get(t.instrument)
        ask["trial.still_ill"] = None if least is None else t.endpoint_total >= least
    if trial.preceded_by:
        within = trial.preceded_by.within
        days = [d for d in (t.antidepressant_before, t.possible_antidepressant_before) if d is not None]
        near = [t.start - d <= within for d in days]
        ask["trial.preceded_by"] = None if any(near) or missing else False
        if t.antidepressant_before is not None and near[0]:
            ask["trial.preceded_by"] = True
    if failure.improvement:
        below, at_most = failure.improvement.below, failure.improvement.at_most
        if t.improvement_pct is None:
            ask["failure.improvement"] = None
        else:
            ask["failure.improvement"] = t.improvement_pct <= at_most if below is None else t.improvement_pct < below
    if failure.not_remitted:
        ask["failure.not_remitted"] = None if t.is_remission is None else not t.is_remission
    if failure.intolerant:
        silent = t.stop_reason is None and t.is_ongoing is not True
        ask["failure.intolerant"] = None if silent else t.stop_reason == "intolerance"
    if failure.switched:
        other_class = failure.switched.to == "another class"
        certain, possible = (t.class_switch, t.possible_class_switch) if other_class else (t.switch, t.possible_switch)
        ask["failure.switched"] = switched(t, certain, possible, failure.switched.within)
        if failure.switched.by == "next prescription":
            gap = None if t.next_prescription is None else t.next_prescription - t.end
            unseen = t.observed_until is None or t.observed_until < t.end + failure.switched.within
            is_next = gap is not None and 0 < gap <= failure.switched.within
            ask["failure.switched"] = True if is_next else None if unseen else False
        if in_care_only or (missing and not ask["failure.switched"]):
            ask["failure.switched"] = None
    if failure.added_to:
        unsure = t.possible_added is not None or t.observed_until is None or not t.is_end_known
        ask["failure.added_to"] = True if t.added is not None else None if unsure or missing else False
    for name in ("switched", "added_to"):
        rule = getattr(failure, name)
        if rule and rule.when == "unscored" and t.improvement_pct is not None:
            ask[f"failure.{name}"] = False
        if rule and rule.when == "unscored" and t.may_be_scored:
            ask[f"failure.{name}"] = None
    if failure.taken:
        ask["failure.taken"] = True
    if WITHOUT_DAY in missing:
        ask |= dict.fromkeys(ask.keys() - {"trial.role", "trial.drug", "trial.use"})
    if not knows_unknown:
        ask = {name: verdict is True for name, verdict in ask.items()}
    for column in JUDGED_TRIAL.columns:
        if "." in column.name:
            setattr(j, column.name, ask.get(column.name))
    j.added = None
    if branch.added:
        beside = True if t.antidepressant_before == t.start else None
        if beside is None and t.possible_antidepressant_before != t.start:
            beside = None if missing else False
        long_enough = True if t.n_days - unsure_days >= branch.added.for_ else None if may_go_on else False
        j.added = all_of([t.role != "antidepressant", None if WITHOUT_DAY in missing else beside, long_enough])
    j.failed = any_of(v for name, v in ask.items() if name.startswith("failure."))
    j.counts = all_of([*(v for name, v in ask.items() if name.startswith("trial.")), j.failed])
    j.takes = all_of([ask["trial.role"], ask["trial.use"]])
    next_treatment = min([d for d in (t.switch, t.added) if d is not None], default=t.end)
    days = {"trial start": t.start, "trial end": t.end, "next treatment start": next_treatment}
    days["next prescription"] = t.end if t.next_prescription is None else t.next_prescription
    j.counted = days[branch.dated.at]
    return j


def is_hidden(
    gaps: list[Row], record: str, sets, until: int | None = None, within=None, since: int | None = None
) -> bool:
    """Whether rows that nobody could read may hold such a code, of the days up to `until`."""
    for gap in gaps:
        if gap["record"] != record or (gap["codeset"] is not None and gap["codeset"] not in sets):
            continue
        first, last = day(gap["first_date"]), day(gap["last_date"])
        if until is not None and first is not None and first > until:
            continue
        earliest = [d for d in (None if within is None or until is None else until - within, since) if d is not None]
        if last is None or all(last >= d for d in earliest):
            return True
    return False


def look_back(j, t, trial, p: Person) -> None:
    j.n_recent_drugs = j.n_recent_drugs_before = j.n_recent_diagnoses = None
    period = unbroken(p.periods, t.start)
    if period is None or t.role not in trial.role.roles:
        return
    first, last = period
    if trial.recent:
        since = t.start - trial.recent.within
        recent = [u for u in p.trials if u.ingredient in trial.recent.any_of and u.start <= t.start and u.end >= since]
        recent = [u for u in recent if first <= u.start and u.end <= last]
        j.n_recent_drugs = len({u.ingredient for u in recent})
        j.n_recent_drugs_before = len({u.ingredient for u in recent if u.start < t.start})
    if trial.diagnosed:
        since = max(first, t.start - trial.diagnosed.within)
        days = {d for d, codeset in p.conditions if codeset in trial.diagnosed.any_of and since <= d <= t.start}
        j.n_recent_diagnoses = len(days)
        within = trial.diagnosed.within
        if not days and is_hidden(p.gaps, "condition", trial.diagnosed.any_of, t.start, within):
            j.n_recent_diagnoses = None


def unbroken(periods: list[tuple[int, int]], on: int) -> tuple[int, int] | None:
    """The first and last day of the time around that day in which somebody was observed without a break."""
    held = [(start, end) for start, end in periods if start <= on <= end]
    if not held:
        return None
    first, last = min(s for s, _ in held), max(e for _, e in held)
    while True:
        touching = [(s, e) for s, e in periods if s <= last + 1 and e >= first - 1]
        wider = min(s for s, _ in touching), max(e for _, e in touching)
        if wider == (first, last):
            return wider
        first, last = wider


def switched(t, certain: int | None, possible: int | None, within: int) -> Verdict:
    if certain is not None and certain - t.end <= within:
        return True
    possible = possible is not None and possible - t.end <= within
    unseen = t.observed_until is None or t.observed_until < t.end + within
    return None if possible or unseen or not t.is_end_known else False


# --- 7 counting ---


def conclude(p: Person, person: Row, definition: Definition, has: frozenset) -> SimpleNamespace:
    apart = {number: number for number in p.joined}
    d = conclude_once(p, person, definition, has, apart)
    other_days = []
    if not definition.as_code and p.joined != apart:
        # Where the episodes may be fewer, what is met only then is unknown.
        other = conclude_once(p, person, definition, has, p.joined)
        if d.count is False and other.count is not False:
            d.count = None
        if other.met is not None and other.met != d.met:
            other_days.append(other.met)
    if not definition.as_code and any(g["reason"] == "without a day" for g in p.gaps):
        possible = [j for j in p.judged if j.counts is not False]
        if any(j.counts is None and j.counted < d.index for j in possible):
            other_days.append(min(j.counted for j in possible))
    if other_days:
        # What another index day would change is unknown.
        other = conclude_once(p, person, definition, has, apart, on=min(other_days))
        for name in ("age", "diagnosis", "never"):
            if getattr(d, f"who.{name}") != getattr(other, f"who.{name}"):
                setattr(d, f"who.{name}", None)
    who = definition.who
    asked = [getattr(d, f"who.{n}") for n in ("age", "diagnosis", "never", "washout") if getattr(who, n)]
    verdict = all_of([d.count, *asked])
    d.verdict = {True: "met", False: "not met", None: "unknown"}[verdict]
    if verdict is not True:
        d.met = d.branch = d.episode_number = None
    return d


def conclude_once(
    p: Person, person: Row, definition: Definition, has: frozenset, joined: dict, on: int | None = None
) -> SimpleNamespace:
    observed, who = bool(p.periods), definition.who
    if definition.as_code:  # what a program does not find it reads as not so
        observed, has = True, frozenset(t.name for t in RECORDS)
    gaps = [] if definition.as_code else p.gaps
    branches = [
        count_branch(p, definition, branch, number, joined) for number, branch in enumerate(definition.branch, start=1)
    ]
    best = closest(branches)
    d = SimpleNamespace(count=any_of(b.verdict for b in branches))
    needed = {"medication"}
    for branch in definition.branch:
        needed |= {"condition"} if branch.within.after == "first diagnosis" else set()
        needed |= {"procedure"} if branch.within.before else set()
    after = [who.diagnosis.any_of for b in definition.branch if b.within.after == "first diagnosis"]
    hidden = [is_hidden(gaps, "condition", sets) for sets in after]
    hidden += [is_hidden(gaps, "procedure", b.within.before) for b in definition.branch if b.within.before]
    missing = p.missing - {GIVEN_IN_CARE, NOT_SAID} if definition.as_code else p.missing
    if d.count is False and (not observed or not needed <= has or any(hidden) or missing):
        d.count = None
    day_open = any(undated(gaps, "procedure", b.within.before) for b in definition.branch if b.within.before)
    for sets in after:
        first = min((on for on, codeset in p.conditions if codeset in sets), default=inf)
        if undated(gaps, "condition", sets, last=first - 1):
            d.count, day_open = None, True
    if on is not None:
        best.met = on
    d.met, d.branch, d.episode_number = best.met, best.branch, best.episode_number
    d.n_counted, d.n_possible, d.n_needed = best.n_counted, best.n_possible, best.n_needed

    d.index = d.met
    earliest = d.met
    if d.index is None:
        d.index = max((j.counted for j in p.judged if j.counts is not False), default=None)
        earliest = min((j.counted for j in p.judged if j.counts is not False), default=None)
    if d.index is None:
        d.index = earliest = min((t.start for t in p.trials if t.role == "antidepressant"), default=None)

    d.age_years, oldest = (age(day(person[f"birth_{side}_date"]), d.index) for side in ("latest", "earliest"))
    within = who.diagnosis.within if who.diagnosis else None
    d.n_diagnoses = count_days(p.conditions, who.diagnosis, d.index, within)
    if who.diagnosis and who.diagnosis.counted == "records":
        d.n_diagnoses = count_records(p.codes, who.diagnosis, d.index, within)
    conditions, never_seen = p.conditions, False
    if who.never and who.never.in_one_period:
        period = None if earliest is None else unbroken(p.periods, earliest)
        conditions, never_seen = [c for c in conditions if period and c[0] >= period[0]], period is None
    d.n_excluding = count_days(conditions, who.never, earliest)
    absence_counts = observed and "condition" in has
    ask: dict[str, Verdict] = {}
    if who.age:
        youngest, lowest, highest = d.age_years, who.age.at_least or 0, who.age.at_most or 1000
        surely_old, perhaps_old = youngest is not None and youngest >= lowest, oldest is None or oldest >= lowest
        surely_young, perhaps_young = oldest is not None and oldest <= highest, youngest is None or youngest <= highest
        surely_old, surely_young = surely_old or who.age.at_least is None, surely_young or who.age.at_most is None
        old_enough = True if surely_old else None if perhaps_old else False
        young_enough = True if surely_young else None if perhaps_young else False
        ask["age"] = all_of([old_enough, young_enough])
    if who.diagnosis:
        enough = d.n_diagnoses >= who.diagnosis.at_least
        until = d.index if who.diagnosis.when == "before" else None
        ask["diagnosis"] = True if enough else False if absence_counts else None
        at_any_time = count_days(p.conditions, who.diagnosis, d.index)
        if who.diagnosis.counted == "records":
            at_any_time = count_records(p.codes, who.diagnosis, d.index)
        if within is not None and not enough and d.met is None and at_any_time >= who.diagnosis.at_least:
            ask["diagnosis"] = None  # within so many days of which day?
        if not enough and is_hidden(gaps, "condition", who.diagnosis.any_of, until, within):
            ask["diagnosis"] = None
    if who.never:
        ask["never"] = False if d.n_excluding else True if absence_counts and not never_seen else None
        until = d.index if who.never.when == "before" else None
        if not d.n_excluding and is_hidden(gaps, "condition", who.never.any_of, until):
            ask["never"] = None
    d.n_days_washout = None
    if who.washout:
        first = min((t.start for t in p.trials if t.role == "antidepressant"), default=None)
        d.n_days_washout = None if first is None else days_observed_before(first, p.periods)
        ask["washout"] = None if d.n_days_washout is None else d.n_days_washout >= who.washout.at_least
    for name, rule in (("diagnosis", who.diagnosis), ("never", who.never)):
        if rule and rule.when == "before" and d.index is None:
            ask[name] = None  # before what?
    if definition.as_code:
        ask = {name: verdict is True or (verdict is None and name == "never") for name, verdict in ask.items()}
    for name, rule in (("age", None), ("diagnosis", who.diagnosis), ("never", who.never)):
        if day_open and name in ask and (rule is None or rule.when == "before"):
            ask[name] = None
    if missing:
        on_a_day = {"age"} | {
            n for n, r in (("diagnosis", who.diagnosis), ("never", who.never)) if r and r.when == "before"
        }
        for name in ask:
            if name == "washout" or (name in on_a_day and d.met is None and ask[name] is False):
                ask[name] = None
    for name in ("age", "diagnosis", "never", "washout"):
        setattr(d, f"who.{name}", ask.get(name))
    return d


def closest(branches: list) -> SimpleNamespace:
    """The branch that is met first; else, of those in which any trial may count, the one with the fewest missing."""
    met = [b for b in branches if b.met is not None]
    if met:
        return min(met, key=lambda b: (b.met, b.n_needed - b.n_counted, b.branch))
    tried = [b for b in branches if b.n_possible] or branches[:1]
    return min(tried, key=lambda b: (b.n_needed - b.n_counted, b.branch))


def days_observed_before(first: int, periods: list[tuple[int, int]]) -> int | None:
    """For how long somebody had been observed without a break on that day; None where that day was not observed."""
    if not any(start <= first <= end for start, end in periods):
        return None
    since = first
    while any(start <= since - 1 <= end for start, end in periods):
        since -= 1
    return first - since


def count_branch(p: Person, definition: Definition, branch: Branch, number: int, joined: dict) -> SimpleNamespace:
    """The stretches of one branch together: the verdict, the first day it is met, the most that were counted."""
    judged = [j for j in p.judged if j.branch == number]
    best = SimpleNamespace(branch=number, n_needed=branch.count.at_least, met=None, episode_number=None)
    verdicts, counts = [], []
    for stretch, procedure_day in stretches(judged, branch, p, definition, joined):
        count = tally(branch.count.at_least, branch.count.distinct, [(j.t, j.counted, j.counts) for j in stretch])
        counts.append(count)
        needed = [count]
        if branch.taken:
            taken = tally(branch.taken.at_least, branch.taken.distinct, [(j.t, j.t.start, j.takes) for j in stretch])
            needed.append(taken)
        if branch.added:
            needed.append(tally(branch.added.at_least, "ingredient", [(j.t, j.t.start, j.added) for j in stretch]))
        verdict = all_of(n.verdict for n in needed)
        if branch.taken and branch.taken.when == "ever":
            needed.remove(taken)
        on = max(n.day for n in needed) if verdict else None
        if procedure_day is not None:
            on = procedure_day if verdict else None
        verdicts.append(verdict)
        if verdict and (best.met is None or on < best.met):
            best.met = on
            best.episode_number = stretch[0].t.episode_number if branch.within.is_ == "episode" else None
    best.verdict = any_of(verdicts)
    best.n_counted = max((c.sure for c in counts), default=0)
    best.n_possible = max((c.possible for c in counts), default=0)
    return best


def stretches(
    judged: list, branch: Branch, p: Person, definition: Definition, joined: dict
) -> list[tuple[list, int | None]]:
    """The trials of each stretch, and the day of the procedure before which they are counted, if they are."""
    within = branch.within
    if within.is_ == "ever":
        return [(judged, None)]
    if within.is_ == "episode":
        numbers = {j.trial_number: joined[j.t.episode_number] for j in judged}
        found = sorted({n for n in numbers.values() if n is not None})
        return [([j for j in judged if numbers[j.trial_number] == n], None) for n in found]
    if within.after:
        if within.after == "first diagnosis":
            first = min((d for d, codeset in p.conditions if codeset in definition.who.diagnosis.any_of), default=None)
        else:
            first = min((j.t.start for j in judged if getattr(j, "trial.role")), default=None)
        if first is None:
            return []
        return [([j for j in judged if first <= j.counted < first + within.days], None)]
    if within.before:
        days = sorted({d for d, procedure in p.procedures if procedure in within.before})
        return [([j for j in judged if d - within.days < j.counted <= d], d) for d in days]
    last_days = sorted({j.counted for j in judged})
    return [([j for j in judged if last - within.days < j.counted <= last], None) for last in last_days]


def tally(at_least_n: int, distinct: str, candidates: list[tuple]) -> SimpleNamespace:
    """How many different ones there are among (trial, day, verdict), surely and possibly, and the day it is enough."""
    first_day: dict = {}
    possible = set()
    for t, on, verdict in candidates:
        key = {"ingredient": t.ingredient, "class": t.drug_class, "course": t.trial_number}[distinct]
        if verdict is True:
            first_day[key] = min(on, first_day.get(key, on))
        if verdict is not False:
            possible.add(key)
    verdict = at_least(at_least_n, len(first_day), len(possible))
    enough = sorted(first_day.values())[at_least_n - 1] if verdict else None
    return SimpleNamespace(verdict=verdict, day=enough, sure=len(first_day), possible=len(possible))


def age(birth: int | None, on: int | None) -> int | None:
    if birth is None or on is None:
        return None
    born, today = date.fromordinal(birth), date.fromordinal(on)
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    return years if 0 <= years <= 125 else None


def count_days(conditions: list, rule, index: int | None, within: int | None = None) -> int:
    if rule is None:
        return 0
    days = {d for d, codeset in conditions if codeset in rule.any_of}
    if rule.when == "ever":
        return len(days)
    return len({d for d in days if index is not None and d <= index and (within is None or d >= index - within)})


def count_records(codes: set, rule, index: int | None, within: int | None = None) -> int:
    own = {code for code in codes if code[0] in rule.any_of}
    days = [d for d, *_ in {code[1:] for code in own}]
    if rule.when == "ever":
        return len(days)
    return len([d for d in days if index is not None and d <= index and (within is None or d >= index - within)])


# --- 8 step ---


def find_steps(p: Person, form: TrialBuilding, knowledge: Knowledge) -> list[SimpleNamespace]:
    taper, steps = form.cross_taper.at_most, []
    for episode in p.episodes:
        of_episode = [t for t in p.trials if t.episode_number == episode.episode_number]
        antidepressants = [t for t in of_episode if may_be_antidepressant(t)]
        firsts: dict[str, SimpleNamespace] = {}
        taking_part = []
        for t in of_episode:
            beside_one = any(a.start <= t.start <= a.end + taper for a in antidepressants)
            if may_be_antidepressant(t) or (t.role != "antidepressant" and beside_one):
                firsts.setdefault(t.ingredient, t)
                taking_part.append(t)
        rungs = [list(begun) for _, begun in groupby(firsts.values(), key=lambda t: t.start)]
        for i, begun in enumerate(rungs):
            following = rungs[i + 1][0].start if i + 1 < len(rungs) else None
            s = SimpleNamespace(episode_number=episode.episode_number, step_number=i + 1, start=begun[0].start)
            s.ingredients = " + ".join(sorted(t.ingredient for t in begun))
            s.end = following - 1 if following is not None else max(t.end for t in taking_part)
            s.n_days = s.end - s.start + 1
            beside = any(a.start < t.start and days_in_common(a, t) > taper for a in antidepressants for t in begun)
            s.kind = "start" if i == 0 else "add" if beside else "switch"
            s.is_intolerance = any(t.stop_reason == "intolerance" for t in begun)
            respond(s, p.scores, form, knowledge, following, p.gaps)
            if s.improvement_pct is None:
                s.is_remission = None  # unscored, or well at the start
            seen = observed_until(s.end, p.periods)
            s.ended = None
            if following is not None:
                s.ended = "next step"
            elif s.is_remission:
                s.ended = "remission"
            elif seen is not None and p.missing and seen - s.end > form.max_gap.at_most:
                s.ended = None
            elif seen is not None:
                s.ended = "lost" if seen - s.end > form.max_gap.at_most else "still treated"
            steps.append(s)
    return steps


# --- rows in, rows out ---


def day(value: date | None) -> int | None:
    return None if value is None else value.toordinal()


def group(rows: list[Row], *names: str):
    ordered = sorted(rows, key=lambda r: tuple(r[n] for n in names))
    return [(key, list(same)) for key, same in groupby(ordered, key=lambda r: tuple(r[n] for n in names))]


def as_row(table: Table, o: SimpleNamespace) -> Row:
    row = {}
    for column in table.columns:
        value = getattr(o, column.name.removesuffix("_date"))
        row[column.name] = date.fromordinal(value) if column.type == "date" and value is not None else value
    return row
