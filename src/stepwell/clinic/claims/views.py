"""The claim of one session, and what staff say of it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.models import Session
from stepwell.clinic.sessions.sheets import Sheet

from . import statements
from .billed import NO_VISIT, rules_of
from .inputs import AcceptForm, MinutesForm, Once, VisitForm
from .models import DOING, WHOSE, Statement
from .session_claims import SessionClaim, claims_of


def of_person(request: HttpRequest, person: Person) -> HttpResponse:
    """The claims of a person's sessions, the latest first."""
    found = claims_of(sheets.given(person))[::-1]
    return render(request, "claims/person.html", {"person": person, "claims": found})


def claim(request: HttpRequest, person: Person, session: UUID) -> HttpResponse:
    """One session: its codes with their sources, what does not fit and whose turn it is, minutes by whom."""
    return _show(request, person, _sheet(person, session))


def _show(request: HttpRequest, person: Person, sheet: Sheet, **forms) -> HttpResponse:
    one = _claim(sheet)
    visit = one.claim.given.visit
    may_accept = may(request.actor, Action.WRITE_CLAIMS, person)
    problems = [
        (problem, _accept(problem) if may_accept and problem.id != "unsigned" else None) for problem in one.problems
    ]
    context = {
        "person": person,
        "sheet": sheet,
        "one": one,
        "problems": problems,
        "rules": rules_of(one.claim.payer, one.claim.given.treatment),
        "minutes": _minutes(one),
        "presence": statements.presence(sheet),
        "visit": _("no visit is billed") if visit == NO_VISIT else visit,
        "visit_form": VisitForm(initial={"code": "" if visit == NO_VISIT else visit}),
        "may_choose": may(request.actor, Action.WRITE_ORDER, person),
        "may_run": may(request.actor, Action.RUN_SESSION, person),
        "use": sheet.order.authorisation.use if sheet.order.authorisation else None,
        **forms,
    }
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "claims/claim.html", context, status=status)


def _accept(problem) -> AcceptForm:
    return AcceptForm(
        auto_id=f"id_{problem.id.replace(' ', '-')}_%s",
        initial={"problem": problem.id, "words": statements.digest_of(problem)},
    )


def _minutes(one: SessionClaim) -> list[dict]:
    whose, doing = dict(WHOSE), dict(DOING)
    return [
        {"said": said, "whose": whose[said.content["whose"]], "doing": doing[said.content["doing"]]}
        for said in one.statements
        if said.kind == "minutes"
    ]


def minutes(request: HttpRequest, person: Person, session: UUID) -> HttpResponse:
    """Who was there how long: what is entered, a correction, and who entered something on the sheet."""
    sheet = _sheet(person, session)
    one = _claim(sheet)
    asked = {"clinic_id": person.clinic_id}
    form = MinutesForm(request.POST or None, initial=_first(request, one), **asked)
    status = 200
    if request.method == "POST":
        status = 422
        if "strike" in request.POST:
            return _strike(request, person, sheet, one)
        if form.is_valid():
            given = form.cleaned_data
            known = {said.statement for said in one.statements}
            corrected = given["statement"] if given["statement"] in known else None
            values = {"actor": request.actor, "once": given["once"]}
            if corrected:
                values |= {"statement": corrected, "seen": given["seen"] or 0}
            if _add(request, sheet.session, "minutes", form.content, **values):
                return redirect("claims_minutes", person=person.pk, session=session)
            form, status = MinutesForm(initial=_first(request, one), **asked), 409
            one = _claim(sheet)
    context = {
        "person": person,
        "sheet": sheet,
        "minutes": _minutes(one),
        "presence": statements.presence(sheet),
        "form": form,
        "sum": one.claim.given.minutes,
        "may_read": may(request.actor, Action.READ_CLAIMS, person),
    }
    return render(request, "claims/minutes.html", context, status=status)


def _first(request: HttpRequest, one: SessionClaim) -> dict:
    """What the form begins with: a row to correct, else whoever signed in."""
    asked = request.GET.get("correct", "")
    for said in one.statements:
        if said.kind == "minutes" and str(said.statement) == asked:
            return {**said.content, "who": str(said.content["who"]), "statement": said.statement, "seen": said.version}
    return {"who": str(request.actor.user_id)}


def _strike(request: HttpRequest, person: Person, sheet: Sheet, one: SessionClaim) -> HttpResponse:
    """Takes a row back that was entered by mistake; it stays in the database."""
    found = next((said for said in one.statements if str(said.statement) == request.POST["strike"]), None)
    form = Once(request.POST)
    if found is None or found.kind != "minutes" or not form.is_valid():
        raise Http404
    values = {"statement": found.statement, "seen": found.version, "once": form.cleaned_data["once"]}
    _add(request, sheet.session, "minutes", {"struck": True}, actor=request.actor, **values)
    return redirect("claims_minutes", person=person.pk, session=sheet.session.pk)


def visit(request: HttpRequest, person: Person, session: UUID) -> HttpResponse:
    """The clinician chooses the code of the visit, or that there is none."""
    sheet = _sheet(person, session)
    form = VisitForm(request.POST or None)
    if request.method == "POST" and not form.is_valid():
        return _show(request, person, sheet, visit_form=form)
    if request.method == "POST":
        content = {"code": form.cleaned_data["code"]}
        _add(request, sheet.session, "visit", content, actor=request.actor, once=form.cleaned_data["once"])
    return redirect("claim", person=person.pk, session=session)


def accept(request: HttpRequest, person: Person, session: UUID) -> HttpResponse:
    """Takes a problem as it is, with a reason; it holds for what the problem says now."""
    sheet = _sheet(person, session)
    if request.method != "POST":
        return redirect("claim", person=person.pk, session=session)
    form = AcceptForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Write the reason. Nothing was kept."))
        return redirect("claim", person=person.pk, session=session)
    given = form.cleaned_data
    known = {problem.id: problem for problem in _claim(sheet).problems}
    problem = known.get(given["problem"])
    if problem is None or statements.digest_of(problem) != given["words"] or problem.id == "unsigned":
        if not Statement.objects.filter(once=given["once"]).exists():
            messages.error(request, _("This has changed meanwhile. Nothing was kept. This is how it stands now."))
        return redirect("claim", person=person.pk, session=session)
    content = {"problem": problem.id, "words": given["words"], "told": problem.words, "reason": given["reason"].strip()}
    _add(request, sheet.session, "accepted", content, actor=request.actor, once=given["once"])
    return redirect("claim", person=person.pk, session=session)


def _add(request: HttpRequest, session: Session, kind: str, content: dict, **values) -> bool:
    try:
        statements.add(session, kind, content, **values)
    except statements.Conflict as conflict:
        words = _("%s changed this meanwhile. Nothing of yours was kept. This is how it stands now.")
        messages.error(request, words % conflict.statement.user.full_name)
        return False
    messages.success(request, _("Kept."))
    return True


def _sheet(person: Person, session: UUID) -> Sheet:
    found = Session.objects.filter(pk=session, person_id__in=person.ids())
    return next((sheet for sheet in sheets.of_sessions(found) if sheet.is_given), None) or _missing()


def _missing():
    raise Http404


def _claim(sheet: Sheet) -> SessionClaim:
    return claims_of([sheet])[0]
