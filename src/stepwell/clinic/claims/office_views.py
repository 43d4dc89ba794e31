"""The office's list of claims, the file for the biller, how payers want sessions to be billed, and NDCs."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic import events
from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.authorisation.packets import today_of
from stepwell.clinic.pages.spreadsheet import no_formula
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import sheets
from stepwell.clinic.sessions.models import Entry, Session

from .code_files import code_files
from .inputs import PayerForm, ProductForm
from .models import Handover, PayerRule, ProductCode
from .session_claims import COLUMNS, SessionClaim, claims_of, digest_of, key_of

DAYS = 60
_MOST_DAYS = 3650
_ORDER = ("differs", "lacks", "ready", "nothing", "no codes", "handed over")


def claims(request: HttpRequest) -> HttpResponse:
    """What is ready for the biller, what lacks something and whose turn it is."""
    clinic = _clinic(request)
    days = _days(request.GET.get("days"))
    found = sorted(_recent(clinic, days), key=lambda one: _ORDER.index(one.state))
    context = {
        "groups": [(state, [one for one in found if one.state == state]) for state in _ORDER],
        "can_hand_over": any(one.can_be_handed_over for one in found),
        "days": days,
        "batch": uuid.uuid4(),
        "files": _files(clinic),
        "may_write": may(request.actor, Action.WRITE_CLAIMS, clinic),
    }
    return render(request, "claims/list.html", context)


def hand_over(request: HttpRequest) -> HttpResponse:
    """The file for the biller with the sessions that were chosen and are ready. What it says is kept, and can be had again."""
    clinic = _clinic(request)
    batch = _uuid(request.POST.get("batch"))
    if request.method != "POST" or batch is None:
        return redirect("claims")
    if not Handover.objects.filter(batch=batch).exists():
        asked = {one for text in request.POST.getlist("session") if (one := _uuid(text)) is not None}
        chosen = sheets.of_sessions(Session.objects.filter(clinic=clinic, pk__in=asked))
        ready = [one for one in claims_of(chosen) if one.can_be_handed_over]
        if not ready or len(ready) < len(asked):
            words = _("Nothing was handed over: of %(n)d chosen sessions %(ready)d are ready. Look at the list again.")
            messages.error(request, words % {"n": len(asked), "ready": len(ready)})
            return redirect("claims")
        try:
            with transaction.atomic():
                for one in ready:
                    _keep(request, one, batch)
        except IntegrityError:
            messages.error(request, _("Somebody handed some of these over meanwhile. Nothing was done twice."))
            return redirect("claims")
    return redirect("claims_file", batch=batch)


def _keep(request: HttpRequest, one: SessionClaim, batch: UUID) -> None:
    Handover.objects.create(
        clinic_id=one.sheet.session.clinic_id,
        session=one.sheet.session,
        number=(one.handover.number if one.handover else 0) + 1,
        batch=batch,
        rows=one.rows,
        digest=digest_of(one.rows),
        user_id=request.actor.user_id,
        actor=request.actor.name,
        at=timezone.now(),
    )
    detail = {"session": str(one.sheet.session.pk), "batch": str(batch)}
    events.record(request.actor, Action.WRITE_CLAIMS, person=one.sheet.person, detail=detail)


def file(request: HttpRequest, batch: UUID) -> HttpResponse:
    """The file for the biller as it was handed over: the same bytes whenever it is asked for."""
    kept = Handover.objects.filter(clinic_id=request.actor.clinic_id, batch=batch).order_by("session__day", "session")
    rows = [row for one in kept for row in one.rows]
    if not rows:
        raise Http404
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: no_formula(value) for name, value in row.items()} for row in rows)
    answer = HttpResponse(out.getvalue().encode(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="claims-{str(batch)[:8]}.csv"'
    return answer


def _files(clinic: Clinic) -> list[dict]:
    found: dict = {}
    since = timezone.now() - dt.timedelta(days=90)
    for one in Handover.objects.filter(clinic=clinic, at__gte=since).select_related("user").order_by("-at"):
        entry = found.setdefault(one.batch, {"batch": one.batch, "at": one.at, "by": one.user.full_name, "n": 0})
        entry["n"] += 1
    return list(found.values())


def _recent(clinic: Clinic, days: int) -> list[SessionClaim]:
    """Sessions with a dose of the last days: all that were not handed over, and those that were in the last month."""
    today = today_of(clinic)
    doses = Entry.objects.filter(session=OuterRef("pk"), kind="dose")
    handed = Handover.objects.filter(session=OuterRef("pk"))
    lately = handed.filter(at__gte=timezone.now() - dt.timedelta(days=31))
    found = Session.objects.filter(clinic=clinic, day__gte=today - dt.timedelta(days=days))
    found = found.filter(Exists(doses)).filter(~Exists(handed) | Exists(lately))
    return claims_of(sheets.of_sessions(found))


def minutes_to_enter(request: HttpRequest) -> HttpResponse:
    """The sessions for which somebody has yet to say who was there how long."""
    clinic = _clinic(request)
    found = [one for one in _recent(clinic, DAYS) if any(problem.id == "minutes" for problem in one.problems)]
    return render(request, "claims/minutes_to_enter.html", {"claims": found[::-1]})


def payers(request: HttpRequest) -> HttpResponse:
    """How each payer wants sessions to be billed, as the clinic was told, and the NDC of each dose."""
    clinic = _clinic(request)
    every = PayerRule.objects.filter(clinic=clinic).select_related("user").order_by("version")
    rules = {(one.key, one.treatment): one for one in every}
    named = Person.objects.filter(Q(clinic=clinic) & ~Q(payer="") & Q(merged_into=None))
    known = {key for key, _treatment in rules}
    missing = sorted({name for name in named.values_list("payer", flat=True) if key_of(name) not in known})
    codes = ProductCode.objects.filter(clinic=clinic).select_related("user").order_by("version")
    context = {
        "rules": sorted(rules.values(), key=lambda one: (one.key, one.treatment)),
        "missing": missing,
        "codes": {(one.treatment, one.mg): one for one in codes}.values(),
        "files": code_files(),
        "may_write": may(request.actor, Action.WRITE_CLAIMS, clinic),
    }
    return render(request, "claims/payers.html", context)


def payer_edit(request: HttpRequest) -> HttpResponse:
    """Adds how a payer wants sessions to be billed; what was said before stays."""
    clinic = _clinic(request)
    asked = request.POST.get("payer") or request.GET.get("payer", "")
    last = PayerRule.objects.filter(clinic=clinic, key=key_of(asked)).order_by("version").last()
    today = today_of(clinic)
    first = {"payer": asked[:120], "said_on": today, "seen": last.version if last else 0}
    if last is not None:
        first |= {name: getattr(last, name) for name in ("payer", "treatment", "way", "prolonged")}
    form = PayerForm(request.POST if request.method == "POST" else None, initial=first, today=today)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            given = dict(form.cleaned_data)
            seen, once = given.pop("seen") or 0, given.pop("once")
            given |= {"payer": given["payer"].strip(), "key": key_of(given["payer"]), "version": seen + 1}
            if _added(request, PayerRule, once, given):
                return redirect("claims_payers")
            status = 409
    history = PayerRule.objects.filter(clinic=clinic, key=key_of(asked)).select_related("user") if asked else ()
    return render(request, "claims/payer_edit.html", {"form": form, "history": history}, status=status)


def product_edit(request: HttpRequest) -> HttpResponse:
    """Adds the NDC of a dose."""
    clinic = _clinic(request)
    form = ProductForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        once = given.pop("once")
        n_before = ProductCode.objects.filter(clinic=clinic, treatment=given["treatment"], mg=given["mg"]).count()
        if _added(request, ProductCode, once, {**given, "version": n_before + 1}):
            return redirect("claims_payers")
    return render(request, "claims/product_edit.html", {"form": form}, status=422 if form.errors else 200)


def _added(request: HttpRequest, model, once: UUID, given: dict) -> bool:
    who = {"user_id": request.actor.user_id, "actor": request.actor.name, "at": timezone.now()}
    if model.objects.filter(once=once).exists():
        return True
    try:
        with transaction.atomic():
            made = model.objects.create(clinic_id=request.actor.clinic_id, once=once, **who, **given)
    except IntegrityError:
        messages.error(request, _("Somebody changed this meanwhile. Nothing of yours was kept. Look at it again."))
        return False
    events.record(request.actor, Action.WRITE_CLAIMS, detail={"kept": model.__name__, "id": str(made.pk)})
    messages.success(request, _("Kept."))
    return True


def _clinic(request: HttpRequest) -> Clinic:
    return Clinic.objects.get(pk=request.actor.clinic_id)


def _days(text: str | None) -> int:
    return min(int(text), _MOST_DAYS) if text and text.isascii() and text.isdecimal() and len(text) < 6 else DAYS


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
