"""Section 9 of docs/engine.md as plain loops: staging, on top of what `oracle.py` finds of a person's trials.

Written from that page and the forms alone. A span is a pair, (certain, possible), and infinite where nobody can say.
"""

from __future__ import annotations

from math import inf
from types import SimpleNamespace

import oracle
from oracle import Row, Verdict, all_of, as_row, day

from stepwell.knowledge.forms import Knowledge
from stepwell.knowledge.staging import Procedure, Sign, Staging
from stepwell.tables import STAGE, STAGED_TRIAL

Span = tuple[float, float]
ITEMS = ("duration", "severity", "failed", "raised", "added_to", "augmented", "ect")
COUNTED = ("n_failed", "n_classes", "n_days_failed", "n_raised", "n_added_to", "n_augmented", "n_intolerant")


def stage(records: dict[str, list[Row]], staging: Staging, knowledge: Knowledge, has=None) -> dict[str, list[Row]]:
    """The rows of `stage` and `staged_trial` for one model, in the order of their keys."""
    has = frozenset(records if has is None else has)
    staged, trials = [], []
    for person in sorted(records["person"], key=lambda p: p["person_id"]):
        own = {name: [r for r in rows if r["person_id"] == person["person_id"]] for name, rows in records.items()}
        one = Staged(own, staging, knowledge, has)
        for o in (one.row, *one.judged):
            o.person_id, o.staging, o.rule = person["person_id"], staging.name, None
        staged.append(as_row(STAGE, one.row))
        trials += [as_row(STAGED_TRIAL, j) for j in one.judged]
    return {"stage": staged, "staged_trial": trials}


class Staged:
    """One person under one model."""

    def __init__(self, own: dict[str, list[Row]], staging: Staging, knowledge: Knowledge, has: frozenset):
        self.staging, self.knowledge, form = staging, knowledge, staging.trials
        periods = [(day(r["start_date"]), day(r["end_date"])) for r in own.get("observation_period", [])]
        self.conditions = [(day(r["condition_date"]), r["codeset"]) for r in own.get("condition", [])]
        self.procedures = [(day(r["procedure_date"]), r["procedure"]) for r in own.get("procedure", [])]
        self.gaps = own.get("code_gap", [])
        self.scores = oracle.find_scores(own.get("measurement", []))
        self.missing = {r["reason"] for r in own.get("incomplete_medication", [])} - {oracle.OF_INTERACTING}
        self.form = form
        trials = oracle.find_trials(
            oracle.find_exposures(own.get("medication", []), knowledge), form, knowledge, periods
        )
        episodes = oracle.find_episodes(trials, self.conditions, form)
        for t in trials:
            oracle.look_beside(t, trials, form)
            until = min([d for d in (t.switch, t.added) if d], default=None)
            oracle.respond(t, self.scores, form, knowledge, until, self.gaps, may_go_on=not t.is_end_known)
        self.trials, self.periods, self.episodes = trials, periods, episodes
        self.episode = episodes[-1] if episodes else None
        number = self.episode.episode_number if self.episode else None
        own_trials = [t for t in trials if self.episode and t.episode_number == number]
        self.judged = [oracle.judge(t, 1, staging.failed, self, knowledge, knows_unknown=True) for t in own_trials]
        self.knows = {table: bool(periods) and table in has for table in ("medication", "condition", "procedure")}
        before = oracle.days_observed_before(self.episode.start, periods) if self.episode else None
        watched = before is not None and before > form.episode_gap.at_most
        self.knows["medication"] &= not self.missing
        self.is_onset_known = watched and {"medication", "condition"} <= has and not self.missing
        joined = oracle.join_episodes(episodes, self.gaps, form)
        undated = [oracle.undated(self.gaps, "condition", oracle.DEPRESSION, last=e.start - 1) for e in episodes]
        self.is_onset_known &= not any(undated[-1:])
        self.knows["medication"] &= joined[number] == number
        if not episodes and oracle.undated(self.gaps, "condition", oracle.DEPRESSION):
            self.knows["condition"] = False
        self.row = self.make_row()

    # --- what is counted ---

    def number(self, name: str) -> Span:
        """Certain and possible, of what is counted over the trials of the episode."""
        key = {"ingredient": "ingredient", "class": "drug_class", "course": "trial_number"}
        counted_by = key[self.staging.failed.count.distinct]
        pairs: list[tuple[object, Verdict]] = []
        for j in self.judged:
            t = j.t
            raised = None if t.n_days_dose_unknown else False
            if t.max_mg_per_day is not None and t.max_mg_per_day > t.first_mg_per_day:
                raised = True
            unsure = t.possible_added is not None or t.observed_until is None or not t.is_end_known
            added_to = True if t.added is not None else None if unsure else False
            silent = t.stop_reason is None and t.is_ongoing is not True
            silent |= oracle.WITHOUT_DAY in self.missing
            intolerant = None if silent else t.stop_reason == "intolerance"
            verdict = {
                "n_failed": j.counts,
                "n_classes": j.counts,
                "n_days_failed": j.counts,
                "n_raised": all_of([j.counts, raised]),
                "n_added_to": all_of([j.counts, added_to]),
                "n_augmented": j.added,
                "n_intolerant": all_of([t.role == "antidepressant", t.is_antidepressant_use, intolerant]),
            }[name]
            of = t.drug_class if name == "n_classes" else getattr(t, counted_by)
            if name in ("n_augmented", "n_intolerant"):
                of = t.ingredient
            pairs.append(((t.start, t.end) if name == "n_days_failed" else of, verdict))
        certain = {k for k, v in pairs if v is True}
        possible = {k for k, v in pairs if v is not False}
        if name == "n_days_failed":
            ends = [max(e for _, e in s) - min(b for b, _ in s) + 1 if s else 0 for s in (certain, possible)]
        else:
            ends = [len(certain), len(possible)]
        return ends[0], ends[1] if self.knows["medication"] else inf

    @property
    def n_days(self) -> Span:
        if self.episode is None:
            return None, inf
        n = self.episode.end - self.episode.start + 1
        return n, n if self.is_onset_known else inf

    def n_ect(self, sets) -> int:
        if self.episode is None:
            return 0
        last = self.episode.end + self.staging.trials.episode_gap.at_most
        return len({d for d, name in self.procedures if name in sets and self.episode.start <= d <= last})

    def has_procedure(self, asked: Procedure) -> Verdict:
        if self.n_ect(asked.any_of):
            return None if asked.counts == "failed" else True
        return False if self.knows_procedures(asked.any_of) else None

    def knows_procedures(self, sets) -> bool:
        return self.knows["procedure"] and not oracle.is_hidden(self.gaps, "procedure", sets)

    def has_diagnosis(self, sets, in_episode: bool = False) -> Verdict:
        if self.episode is not None:
            first = self.episode.start if in_episode else -inf
            if any(name in sets and first <= d <= self.episode.end for d, name in self.conditions):
                return True
        until = self.episode.end if self.episode else None
        since = self.episode.start if self.episode and in_episode else None
        hidden = oracle.is_hidden(self.gaps, "condition", sets, until, since=since)
        return False if self.knows["condition"] and not hidden else None

    def latest_score(self) -> tuple[str | None, int | None, float | None]:
        window = self.staging.window
        if window is None or self.episode is None:
            return None, None, None
        asked = sorted(self.staging.instruments, key=lambda i: self.knowledge.instruments[i].rank)
        for instrument in asked:
            totals = self.scores.get(instrument, {})
            near = [d for d in totals if -window.before <= d - self.episode.end <= window.after]
            first, last = self.episode.end - window.before, self.episode.end + window.after
            if oracle.undated(self.gaps, "measurement", [instrument], max(near, default=first), last):
                return None, None, None
            if near:
                return instrument, max(near), totals[max(near)]
        return None, None, None

    # --- what is made of it ---

    def applies(self) -> Verdict:
        if self.staging.signs:
            knows = self.knows["medication"] and self.knows["condition"]
            return True if self.episode is not None else False if knows else None
        return reaches(self.number("n_failed"), self.staging.failed.count.at_least)

    def points(self) -> dict[str, Span]:
        items, made = self.staging.points, {}
        if items is None:
            return made
        if items.duration:
            made["duration"] = graded(self.n_days, items.duration.grades)
        if items.severity:
            made["severity"] = self.severity(items.severity)
        certain, possible = self.number("n_failed")
        failed = max(certain, self.staging.failed.count.at_least), possible
        if items.failed and items.failed.grades:
            made["failed"] = graded(failed, items.failed.grades)
        elif items.failed:
            made["failed"] = times(failed, items.failed.each)
        if items.raised:
            made["raised"] = times(self.number("n_raised"), items.raised.each)
        if items.added_to:
            made["added_to"] = times(self.number("n_added_to"), items.added_to.each)
        if items.augmented:
            made["augmented"] = graded(self.number("n_augmented"), items.augmented.grades)
        if items.ect:
            given = self.has_procedure(items.ect)
            made["ect"] = items.ect.points * (given is True), items.ect.points * (given is not False)
        return made

    def severity(self, asked) -> Span:
        instrument, _, total = self.latest_score()
        values = [p for scale in asked.scales for p in scale.points]
        if asked.psychotic:
            psychotic = self.has_diagnosis(asked.psychotic.any_of, in_episode=True)
        if instrument is None:
            most = max(values)
            return min(values), asked.psychotic.points if asked.psychotic and psychotic is not False else most
        scale = next(s for s in asked.scales if s.instrument == instrument)
        given = None
        for band, p in zip(self.knowledge.instruments[instrument].bands, scale.points, strict=True):
            given = p if total >= band.at_least else given
        if asked.psychotic and given == asked.psychotic.of:
            more = asked.psychotic.points
            return more if psychotic is True else given, more if psychotic is not False else given
        return given, given

    def sign(self, asked: Sign) -> Verdict:
        verdicts = []
        for name in ("failed", "classes", "augmented", "intolerant"):
            if getattr(asked, name) is not None:
                verdicts.append(reaches(self.number(f"n_{name}"), getattr(asked, name)))
        if asked.span is not None:
            verdicts.append(reaches(self.number("n_days_failed"), asked.span))
        if asked.duration is not None:
            verdicts.append(reaches(self.n_days, asked.duration))
        for drug_class in asked.of_class:
            found = {j.counts for j in self.judged if j.t.drug_class == drug_class}
            unsure = None in found or not self.knows["medication"]
            verdicts.append(True if True in found else None if unsure else False)
        if asked.ect:
            verdicts.append(self.has_procedure(asked.ect))
        if asked.diagnosis:
            verdicts.append(self.has_diagnosis(asked.diagnosis))
        if asked.score:
            instrument, _, total = self.latest_score()
            least = asked.score.limits.get(instrument)
            verdicts.append(None if least is None else total >= least)
        if asked.unrecorded:
            verdicts.append(None)
        return all_of(verdicts)

    def make_row(self) -> SimpleNamespace:
        s, o = self.staging, SimpleNamespace()
        o.applies = self.applies()
        o.index, o.episode_number = (self.episode.end, self.episode.episode_number) if self.episode else (None, None)
        o.n_days_episode, o.is_onset_known = self.n_days[0], self.is_onset_known
        o.instrument, o.severity, o.severity_total = self.latest_score()
        o.is_psychotic = self.has_diagnosis(s.psychotic_sets, in_episode=True) if s.psychotic_sets else None
        n_ect = self.n_ect(s.procedures)
        o.n_ect = n_ect if s.procedures and (n_ect or self.knows_procedures(s.procedures)) else None
        for name in COUNTED:
            certain, possible = self.number(name)
            setattr(o, name, certain)
            setattr(o, f"{name}_possible", None if possible == inf else possible)

        points = self.points()
        spans = [*points.values(), *((u.at_least, u.at_most) for u in (s.points.unrecorded if s.points else ()))]
        total = tuple(sum(ends) for ends in zip(*spans, strict=True)) if s.points else (None, None)
        verdicts = {sign.id: self.sign(sign) for sign in s.asked_signs}
        named = (None, None)
        if s.rungs:
            named = tuple(
                next((r.label for r in reversed(s.rungs) if verdicts[r.id] in ok), None)
                for ok in ((True,), (True, None))
            )
        elif s.names:
            named = tuple(next((r.label for r in reversed(s.names.ranges) if end >= r.at_least), None) for end in total)
        applies = o.applies is not False
        for name in ITEMS:
            span = points.get(name, (None, None)) if applies else (None, None)
            ends = (f"{name}_points_at_least", f"{name}_points_at_most")
            for end, value in zip(ends, span, strict=True):
                setattr(o, end, None if value in (None, inf) else float(value))
        o.points_at_least = total[0] if applies else None
        o.points_at_most = total[1] if applies and total[1] != inf else None
        o.stage_at_least = named[0] if o.applies else None
        o.stage_at_most = named[1] if applies else None
        for column, wanted in (("present", True), ("unknown", None)):
            ids = " ".join(name for name, verdict in verdicts.items() if verdict is wanted)
            setattr(o, column, ids if s.asked_signs and applies else None)
        settled = total[0] == total[1] and named[0] == named[1] and not (s.signs and None in verdicts.values())
        o.is_complete = o.applies is False or (o.applies is True and settled)
        return o


def reaches(span: Span, n: float) -> Verdict:
    certain, possible = span
    if certain is not None and certain >= n:
        return True
    return None if possible is not None and possible >= n else False


def graded(span: Span, grades) -> Span:
    return tuple(max([g.points for g in grades if (end or 0) >= g.at_least], default=0) for end in span)


def times(span: Span, each: float) -> Span:
    return span[0] * each, span[1] * each
