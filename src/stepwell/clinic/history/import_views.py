"""Import: a FHIR bundle or a CSV folder becomes lines, which a clinician reviews like any other."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.people.models import Person
from stepwell.errors import Problem, SourceError

from . import lines
from .importing import contents_of_records
from .uploads import read_upload


def import_records(request: HttpRequest, person: Person) -> HttpResponse:
    """Reads the upload and adds its lines. Whose records they are is checked. Where there is any problem, nothing is added."""
    may_read = may(request.actor, Action.READ_CHART, person)
    context = {"person": person, "back": reverse("review" if may_read else "intake_status", args=[person.pk])}
    if request.method != "POST":
        return render(request, "history/import.html", context)
    files = request.FILES.getlist("files")
    try:
        records = read_upload(files)
        number = _whose(records, person, request.POST.get("id", "").strip(), request.POST.get("same") == "yes")
    except SourceError as error:
        return render(request, "history/import.html", context | {"error": error}, status=422)
    day = timezone.localdate().isoformat()
    source = _("%(file)s, imported %(day)s") % {"file": files[0].name[:120], "day": day}
    with transaction.atomic():
        contents = contents_of_records(records.tables, records.has, number)
        n_new, n_known = lines.add_imported(person, contents, actor=request.actor, source=source)
    told = _("%(new)d lines were imported; %(known)d were there already. Each still needs a clinician's word.")
    messages.success(request, told % {"new": n_new, "known": n_known})
    return redirect(context["back"])


def _whose(records, person: Person, asked: str, is_same: bool) -> int:
    """The number of the person in the records whose lines are meant. Raises SourceError where that is not sure."""
    people = records.tables["person"].to_pylist()
    wanted = [p for p in people if p["source_person_id"] == asked] if asked else people
    if len(wanted) != 1:
        found = "nobody with that id" if asked else f"{len(people)} people"
        problem = Problem(
            "the upload", found, "one person", "write the person's id in the file below, and choose it again"
        )
        raise SourceError("It is not sure whose records these are.", [problem])
    earliest, latest = wanted[0]["birth_earliest_date"], wanted[0]["birth_latest_date"]
    differs = earliest is not None and not earliest <= person.birth_date <= latest
    if differs and not is_same:
        remedy = "check that it is the right file; if it is, tick “It is the same person”, and choose it again"
        problem = Problem("the upload", "another birth date", "the birth date of this person", remedy)
        raise SourceError("These may be the records of somebody else. Nothing was imported.", [problem])
    return wanted[0]["person_id"]
