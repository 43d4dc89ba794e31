"""List with search, adding, the card of a person, merging."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.policy import ALLOWED, Action, may

from . import contact
from .forms import PersonForm
from .merging import NotMerged, merge, undo
from .models import Person

PER_PAGE = 50
_FEW = 20


def people(request: HttpRequest) -> HttpResponse:
    """The clinic's people, found by name, record number or birth date. What is searched for is sent in the body of the request:
    the history of the browser keeps addresses."""
    asked = _asked(request)
    page = Paginator(_found(request, asked), PER_PAGE).get_page(request.POST.get("page") or request.GET.get("page"))
    allowed = ALLOWED[request.actor.role]
    context = {"page": page, "asked": asked, "may_add": Action.ADD_PERSON in allowed}
    context["opens"] = "chart" if Action.READ_CHART in allowed else "person_card"
    return render(request, "people/list.html", context)


def add(request: HttpRequest) -> HttpResponse:
    """Adds a person. Somebody of the same name and birth date is told first: a form sent twice adds one person."""
    form = PersonForm(request.POST or None)
    same = None
    if request.method == "POST" and form.is_valid():
        same = _same(request, form.cleaned_data) if "anyway" not in request.POST else None
        if same is None:
            form.instance.clinic_id = request.actor.clinic_id
            person = form.save()
            contact.keep(person, request.actor)
            events.record(request.actor, Action.ADD_PERSON, person=person, detail={"added": True})
            messages.success(request, _("Added."))
            return redirect("person_card", person=person.pk)
    status = 409 if same else 422 if form.errors else 200
    return render(request, "people/edit.html", {"form": form, "same": same}, status=status)


def card(request: HttpRequest, person: Person) -> HttpResponse:
    """How to reach somebody, what was entered before, and who was merged into them."""
    actions = {"may_merge": Action.MERGE_PEOPLE, "may_edit": Action.ADD_PERSON, "may_receive": Action.WRITE_STOCK}
    context = {name: may(request.actor, action, person) for name, action in actions.items()}
    merged = Person.objects.seen_by(request.actor).filter(merged_into=person)
    context |= {"person": person, "merged": merged, "changes": contact.changes_of(person)}
    return render(request, "people/card.html", context)


def edit(request: HttpRequest, person: Person) -> HttpResponse:
    """Changes what is known of somebody. A change made meanwhile in another window is told, not overwritten."""
    if request.method == "POST":
        person = Person.objects.select_for_update().get(pk=person.pk)
    seen, before = PersonForm.digest(person), contact.values_of(person)
    form = PersonForm(request.POST or None, instance=person)
    status = 200
    if request.method == "POST":
        if request.POST.get("seen") != seen:
            form = PersonForm(instance=Person.objects.get(pk=person.pk))
            messages.error(request, _("Somebody changed this meanwhile. Nothing was saved. This is how it stands now."))
            status = 409
        elif form.is_valid():
            form.save()
            if form.has_changed():
                contact.keep(person, request.actor, before)
            detail = {"changed": sorted(form.changed_data)}
            events.record(request.actor, "edit person", person=person, detail=detail)
            messages.success(request, _("Saved."))
            return redirect("person_card", person=person.pk)
        else:
            status = 422
    return render(request, "people/edit.html", {"form": form, "edited": person, "seen": seen}, status=status)


def merge_people(request: HttpRequest, person: Person) -> HttpResponse:
    """Looks for the other record of the same person, and merges it into this one."""
    if request.method == "POST" and "q" not in request.POST:
        other = Person.objects.seen_by(request.actor).filter(pk=_uuid(request.POST.get("other"))).first()
        try:
            if other is None:
                raise NotMerged(_("Choose the other record first."))
            merge(request.actor, person, other)
        except NotMerged as error:
            messages.error(request, str(error))
            return redirect("person_merge", person=person.pk)
        messages.success(request, _("The two records are one person now. It can be undone here."))
        return redirect("person_card", person=person.pk)
    asked = _asked(request)
    found = _found(request, asked).exclude(pk=person.pk)[:_FEW] if asked else ()
    return render(request, "people/merge.html", {"person": person, "found": found, "asked": asked})


def undo_merge(request: HttpRequest, person: Person) -> HttpResponse:
    """Parts a merged person again."""
    if request.method != "POST":
        return redirect("person_card", person=person.survivor().pk)
    try:
        undo(request.actor, person)
        messages.success(request, _("They are two people again, each with the lines they had."))
    except NotMerged as error:
        messages.error(request, str(error))
    return redirect("person_card", person=person.pk)


def _asked(request: HttpRequest) -> str:
    return " ".join(request.POST.get("q", "").split())[:100]


def _found(request: HttpRequest, asked: str) -> QuerySet[Person]:
    found = Person.objects.seen_by(request.actor).filter(merged_into=None)
    for word in asked.split():
        named = Q(given_name__icontains=word) | Q(family_name__icontains=word) | Q(record_number__iexact=word)
        found = found.filter(named | Q(birth_date=parse_date(word)) if _is_day(word) else named)
    return found


def _is_day(word: str) -> bool:
    try:
        return parse_date(word) is not None
    except ValueError:
        return False


def _same(request: HttpRequest, given: dict) -> Person | None:
    names = {f"{name}__iexact": given[name] for name in ("given_name", "family_name")}
    found = Person.objects.seen_by(request.actor).filter(birth_date=given["birth_date"], merged_into=None, **names)
    return found.first()


def _uuid(text: str | None):
    from uuid import UUID

    try:
        return UUID(text or "")
    except ValueError:
        return None
