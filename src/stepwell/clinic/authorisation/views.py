"""Pages about one person's authorisations: list, what is asked and answered, status."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import F, Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.models import User
from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.people.models import Person

from .inputs import AuthorisationForm, StatusForm
from .models import Authorisation, FormFile, Step
from .packets import today_of
from .policies import knowledge_of
from .status import NEXT, Status, problems_of, warnings_of
from .units import UNITS, preload


def of_person(person: Person, authorisation: UUID) -> Authorisation:
    """The person's authorisation of that id, of everybody merged into them too; 404 where it is another's."""
    found = Authorisation.objects.filter(pk=authorisation, person_id__in=person.ids()).select_related(
        "person", "clinic"
    )
    one = found.first()
    if one is None:
        raise Http404
    return one


def authorisations(request: HttpRequest, person: Person) -> HttpResponse:
    """All authorisations of a person, the latest first."""
    found = preload(Authorisation.objects.filter(person_id__in=person.ids()))
    titles = knowledge_of(person.clinic_id).candidacies
    rows = [{"one": one, "title": titles[one.policy].title if one.policy in titles else one.policy} for one in found]
    may_write = may(request.actor, Action.WRITE_AUTHORISATION, person)
    return render(request, "authorisation/list.html", {"person": person, "rows": rows, "may_write": may_write})


def new(request: HttpRequest, person: Person) -> HttpResponse:
    """Begins a request to a payer."""
    clinic = person.clinic
    earlier = Authorisation.objects.filter(person_id__in=person.ids()).first()
    form = AuthorisationForm(_posted(request), clinic_id=clinic.pk, today=today_of(clinic), initial=_as_before(earlier))
    if request.method == "POST" and form.is_valid():
        one = form.save(commit=False)
        one.person, one.clinic = person, clinic
        one.number = (Authorisation.objects.filter(clinic=clinic).aggregate(n=Max("number"))["n"] or 0) + 1
        one.save()
        events.record(request.actor, Action.WRITE_AUTHORISATION, person=person, detail={"authorisation": str(one.pk)})
        return redirect("authorisation", person=person.pk, authorisation=one.pk)
    context = {"person": person, "form": form}
    return render(request, "authorisation/edit.html", context, status=422 if form.errors else 200)


def _as_before(earlier: Authorisation | None) -> dict:
    """What a further request takes over from the last one."""
    if earlier is None:
        return {}
    names = ("policy", "benefit", "code", "prescriber", "height_cm")
    return {name: getattr(earlier, name) for name in names} | {"kind": "again"}


def authorisation(request: HttpRequest, person: Person, authorisation: UUID) -> HttpResponse:
    """One authorisation: what is asked, how it stands, what is due, its packets."""
    return _show(request, person, of_person(person, authorisation))


def _show(request: HttpRequest, person: Person, one: Authorisation, form: StatusForm | None = None) -> HttpResponse:
    today = today_of(one.clinic)
    knowledge = knowledge_of(one.clinic_id)
    policy = knowledge.candidacies.get(one.policy)
    context = {
        "person": person,
        "one": one,
        "policy": policy,
        "use": one.use,
        "unit_words": dict(UNITS).get(one.use.unit.kind, ""),
        "steps": _with_names(one.steps.order_by("number"), one.clinic_id),
        "packets": _with_names(one.packets.order_by("-number"), one.clinic_id),
        "warnings": list(warnings_of(one, today)),
        "form": form or StatusForm(now=one.status, initial={"day": today}),
        "is_open": bool(NEXT[one.status]),
        "forms": FormFile.objects.filter(clinic_id=one.clinic_id).defer("data"),
        "may_write": may(request.actor, Action.WRITE_AUTHORISATION, person),
    }
    return render(request, "authorisation/detail.html", context, status=422 if form is not None else 200)


def _with_names(rows, clinic_id: int) -> list:
    """The rows, each with the name of whoever made it."""
    names = {f"user {user.pk}": user.full_name for user in User.objects.filter(clinic_id=clinic_id)}
    rows = list(rows)
    for row in rows:
        row.by = names.get(row.actor, row.actor)
    return rows


def edit(request: HttpRequest, person: Person, authorisation: UUID) -> HttpResponse:
    """Changes what is asked or answered. What somebody else changed meanwhile is told, not overwritten."""
    one = of_person(person, authorisation)
    form = AuthorisationForm(_posted(request), instance=one, clinic_id=one.clinic_id, today=today_of(one.clinic))
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            seen = _number(request.POST.get("seen"))
            taken = Authorisation.objects.filter(pk=one.pk, version=seen).update(version=F("version") + 1)
            if taken:
                form.instance.version = seen + 1
                form.save()
                detail = {"authorisation": str(one.pk), "changed": sorted(form.changed_data)}
                events.record(request.actor, Action.WRITE_AUTHORISATION, person=person, detail=detail)
                messages.success(request, _("Saved."))
                return redirect("authorisation", person=person.pk, authorisation=one.pk)
            now = of_person(person, authorisation)
            form = AuthorisationForm(instance=now, clinic_id=now.clinic_id, today=today_of(now.clinic))
            one, status = now, 409
            told = _("Somebody changed this meanwhile. Nothing was saved. This is how it stands now.")
            messages.error(request, told)
    context = {"person": person, "form": form, "one": one, "seen": one.version}
    return render(request, "authorisation/edit.html", context, status=status)


def step(request: HttpRequest, person: Person, authorisation: UUID) -> HttpResponse:
    """Adds a status. One that cannot follow is told with every reason."""
    one = of_person(person, authorisation)
    if request.method != "POST":
        return redirect("authorisation", person=person.pk, authorisation=one.pk)
    form = StatusForm(request.POST, now=one.status)
    if not form.is_valid():
        return _show(request, person, one, form)
    status, day = Status(form.cleaned_data["status"]), form.cleaned_data["day"]
    problems = list(problems_of(one, status, day, today_of(one.clinic)))
    if problems:
        for problem in problems:
            form.add_error(None, problem)
        return _show(request, person, one, form)
    Step.objects.create(
        authorisation=one,
        number=one.steps.count() + 1,
        status=status.value,
        day=day,
        note=form.cleaned_data["note"].strip(),
        actor=request.actor.name,
    )
    detail = {"authorisation": str(one.pk), "status": status.value}
    events.record(request.actor, Action.WRITE_AUTHORISATION, person=person, detail=detail)
    messages.success(request, _("Status: %s.") % status.value)
    return redirect("authorisation", person=person.pk, authorisation=one.pk)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


def _posted(request: HttpRequest):
    """What was sent; None where the page is only looked at."""
    return request.POST if request.method == "POST" else None
