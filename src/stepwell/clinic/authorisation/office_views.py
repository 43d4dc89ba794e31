"""Pages about the clinic's authorisations as a whole: what is due, policies, payers' forms."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from stepwell.candidacy import provenance
from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, may

from .calendar import as_ics, entries
from .forms import VALUES, read_fields
from .inputs import FormFileForm, PolicyForm
from .models import Authorisation, FormFile, PolicyFile
from .packets import today_of
from .policies import forms_of, id_in, knowledge_of, own_ids, problems_in
from .units import preload


def _clinic(request: HttpRequest) -> Clinic:
    return Clinic.objects.get(pk=request.actor.clinic_id)


def calendar(request: HttpRequest) -> HttpResponse:
    """What is due, and why."""
    clinic = _clinic(request)
    today = today_of(clinic)
    return render(request, "authorisation/calendar.html", {"entries": _entries(clinic, today), "today": today})


def calendar_file(request: HttpRequest) -> HttpResponse:
    """What is due as a file for another calendar, without names and health data."""
    clinic = _clinic(request)

    def url(one: Authorisation) -> str:
        return request.build_absolute_uri(reverse("authorisation", args=[one.person_id, one.pk]))

    answer = HttpResponse(as_ics(_entries(clinic, today_of(clinic)), url), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="authorisations.ics"'
    return answer


def _entries(clinic: Clinic, today):
    found = Authorisation.objects.filter(clinic=clinic).select_related("person").prefetch_related("steps")
    return entries(preload(found), today)


def policies(request: HttpRequest) -> HttpResponse:
    """Every policy that can be chosen, with its day and how its copy was seen."""
    clinic = _clinic(request)
    own, knowledge = own_ids(clinic.pk), knowledge_of(clinic.pk)
    rows = [
        {
            "form": form,
            "is_own": form.id in own,
            "seen": provenance(form.in_force, knowledge).strip("[]"),
            "from": form.in_force.valid_from,
        }
        for form in forms_of(clinic.pk)
    ]
    may_write = may(request.actor, Action.WRITE_AUTHORISATION, clinic)
    return render(request, "authorisation/policies.html", {"rows": rows, "may_write": may_write})


def policy_add(request: HttpRequest) -> HttpResponse:
    """Adds a policy of the clinic's own, or a new version of one. Everything that is wrong with it is told at once."""
    clinic = _clinic(request)
    form = PolicyForm(*_sent(request))
    problems = []
    if request.method == "POST" and form.is_valid():
        text = form.cleaned_data["text"]
        problems = problems_in(text, clinic.pk)
        if not problems:
            name = id_in(text)
            number = PolicyFile.objects.filter(clinic=clinic, policy=name).count() + 1
            PolicyFile.objects.create(clinic=clinic, policy=name, number=number, text=text, actor=request.actor.name)
            detail = {"policy": name, "number": number}
            events.record(request.actor, Action.WRITE_AUTHORISATION, detail=detail)
            messages.success(
                request, _("Policy “%(name)s” can be chosen (version %(n)d here).") % {"name": name, "n": number}
            )
            return redirect("policies")
        if form.cleaned_data.get("file"):
            form = PolicyForm(initial={"text": text})
    elif request.method == "GET" and (name := request.GET.get("policy")):
        last = PolicyFile.objects.filter(clinic=clinic, policy=name).last()
        form = PolicyForm(initial={"text": last.text if last else ""})
    status = 422 if problems or form.errors else 200
    return render(request, "authorisation/policy_add.html", {"form": form, "problems": problems}, status=status)


def form_files(request: HttpRequest) -> HttpResponse:
    """The payers' PDF forms that the clinic keeps; a new one is checked when it is uploaded."""
    clinic = _clinic(request)
    form = FormFileForm(*_sent(request))
    if request.method == "POST" and form.is_valid():
        kept = FormFile.objects.create(clinic=clinic, name=form.cleaned_data["name"], data=form.cleaned_data["file"])
        events.record(request.actor, Action.WRITE_AUTHORISATION, detail={"form": str(kept.pk)})
        return redirect("form_file", form=kept.pk)
    context = {"form": form, "files": FormFile.objects.filter(clinic=clinic).defer("data")}
    return render(request, "authorisation/form_files.html", context, status=422 if form.errors else 200)


def form_file(request: HttpRequest, form: UUID) -> HttpResponse:
    """Which value of a packet goes into which field of one form."""
    kept = FormFile.objects.filter(clinic_id=request.actor.clinic_id, pk=form).first()
    if kept is None:
        raise Http404
    fields = read_fields(bytes(kept.data))
    status = 200
    if request.method == "POST":
        mapping = {f.name: key for n, f in enumerate(fields) if (key := request.POST.get(f"f-{n}", "")) in VALUES}
        seen = request.POST.get("seen", "")
        found = FormFile.objects.filter(pk=kept.pk, version=int(seen) if seen.isdecimal() and len(seen) < 10 else 0)
        if found.update(mapping=mapping, version=F("version") + 1):
            events.record(request.actor, Action.WRITE_AUTHORISATION, detail={"form": str(kept.pk)})
            messages.success(request, _("Saved."))
            return redirect("form_file", form=kept.pk)
        messages.error(request, _("Somebody changed this meanwhile. Nothing was saved. This is how it stands now."))
        status = 409
    rows = [{"n": n, "field": f, "chosen": kept.mapping.get(f.name, "")} for n, f in enumerate(fields)]
    values = [(key, words) for key, (words, _read) in VALUES.items()]
    context = {"kept": kept, "rows": rows, "values": values}
    return render(request, "authorisation/form_file.html", context, status=status)


def _sent(request: HttpRequest) -> tuple:
    """The fields and the files that were sent; None where the page is only looked at."""
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)
