"""The clinic's side: asking, sending, withdrawing, answering at the desk, and who is stuck."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.history import links
from stepwell.clinic.people.models import Person

from . import clock, finishing, library, outbox, requests, schedule, stuck, worker
from .models import CHANNELS, Request

STATES = {
    "waiting": _("not yet due"),
    "untouched": _("not opened"),
    "started": _("begun"),
    "finished": _("finished"),
    "late": _("answered after it was closed"),
    "expired": _("closed, never opened"),
    "not finished": _("closed, not finished"),
    "withdrawn": _("withdrawn"),
}
MESSAGE_STATES = {"waiting": _("waits"), "sent": _("sent"), "failed": _("not sent"), "not needed": _("not needed")}


def clinic_page(request: HttpRequest) -> HttpResponse:
    """Who is stuck, by what is to be done about it."""
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    found = stuck.of_clinic(clinic)
    groups = [(name, title, about, _shown(found[name])) for name, title, about in stuck.GROUPS if name in found]
    context = {
        "groups": groups,
        "health": stuck.health(clinic),
        "n": sum(map(len, found.values())),
        "once": uuid.uuid4(),
    }
    return render(request, "measures/clinic.html", context)


def _shown(items: list[stuck.Stuck]) -> list[dict]:
    """One row for each person of a group."""
    found, title = {}, library.titles()
    for one in items:
        row = found.setdefault(one.person.pk, {"person": one.person, "asked": [], "whys": {}, "message": None})
        row["asked"].append(
            {"stand": one.stand, "title": title(one.stand.request.instrument), "state": STATES[one.stand.state]}
        )
        row["whys"] |= {one.why: None} if one.why else {}
        row["message"] = one.message or row["message"]
    return list(found.values())


def person_page(request: HttpRequest, person: Person) -> HttpResponse:
    """What was asked, how it was sent, and what came back; asking, a schedule, how to reach the person."""
    if request.method == "POST":
        return _act(request, person)
    stands, title = requests.of_person(person), library.titles()
    last = stuck.last_messages([stand.request for stand in stands])
    contact = outbox.contact_of(person)
    _channel, _to, problem = outbox.address_of(person, contact)
    responses = {r.request_id: r for r in _responses(stands)}
    rows = [
        {
            "stand": stand,
            "title": title(stand.request.instrument),
            "state": STATES[stand.state],
            "message": last.get(stand.request.pk),
            "message_state": MESSAGE_STATES[last[stand.request.pk].state] if stand.request.pk in last else "",
            "response": responses.get(stand.request.pk),
            "may_take_over": _may_take_over(stand, responses.get(stand.request.pk)),
        }
        for stand in stands
    ]
    context = {
        "person": person,
        "rows": rows,
        "once": uuid.uuid4(),
        "forms": list(library.questionnaires().values()),
        "paper": [form for form in library.questionnaires().values() if form.parts[0].instrument],
        "channels": CHANNELS,
        "contact": contact,
        "problem": problem,
        "plans": _plans(person),
        "may_write": may(request.actor, Action.WRITE_HISTORY, person),
        "has_open": any(stand.state in ("untouched", "started") for stand in stands),
    }
    return render(request, "measures/person.html", context)


def _responses(stands):
    from .models import Response

    return Response.objects.filter(request__in=[stand.request for stand in stands]).prefetch_related("lines")


def _may_take_over(stand, response) -> bool:
    if response is not None:
        return bool(response.closed) and not response.lines.all()
    return stand.n_answers > 0


def _plans(person: Person) -> list[dict]:
    """Every schedule, whether it is on for the person, and when each of its questionnaires is due next."""
    kept = requests.plans_of(person)
    given, planned = clock.days_of(person)
    today = timezone.localdate(timezone=person.zone)
    found = []
    for one in library.schedules().values():
        plan = kept.get(one.id)
        is_on = plan is not None and plan.is_on
        begun = plan.day if is_on else today
        nexts = []
        for asked in one.asked:
            span = {"begun": begun, "given": given, "planned": planned, "until": today + timedelta(days=365)}
            days = [day for day in schedule.due_days(asked.rule, **span) if day >= today]
            done = [worker.once_of(person, one, name, day) for day in days[:1] for name in asked.questionnaires]
            days = days[1:] if is_on and Request.objects.filter(once__in=done).exists() else days
            titles = [library.questionnaires()[name].title for name in asked.questionnaires]
            nexts.append({"day": days[0] if days else None, "titles": titles, "why": asked.why})
        found.append({"schedule": one, "is_on": is_on, "plan": plan, "nexts": nexts})
    return found


def _act(request: HttpRequest, person: Person) -> HttpResponse:
    what, here = request.POST.get("what", ""), redirect("questionnaires_of", person=person.pk)
    if what == "contact":
        channel = request.POST.get("channel", "")
        if channel not in dict(CHANNELS):
            raise Http404
        outbox.set_contact(person, channel, request.actor)
        messages.success(request, _("Saved."))
    elif what == "plan":
        name = request.POST.get("schedule", "")
        if name not in library.schedules():
            raise Http404
        requests.set_plan(person, name, request.POST.get("on") == "1", request.actor)
        messages.success(request, _("Saved."))
    elif what == "ask":
        _ask(request, person)
    elif what == "here":
        return _answer_here(request, person)
    elif what == "again":
        chosen = [asked for text in request.POST.getlist("asked") if (asked := finishing.as_uuid(text))]
        found = Request.objects.filter(pk__in=chosen, person_id__in=person.ids())
        _send_again(request, person, requests.stands_of(found))
        return redirect("questionnaires")
    else:
        raise Http404
    return here


def _ask(request: HttpRequest, person: Person) -> None:
    """Asks the chosen questionnaires now; one that is open or was answered today is told, and not asked again."""
    once = finishing.as_uuid(request.POST.get("once", ""))
    known = library.questionnaires()
    chosen = [name for name in request.POST.getlist("instrument") if name in known]
    if once is None or not chosen:
        messages.warning(request, _("Choose at least one questionnaire."))
        return
    if Request.objects.filter(once__in=[f"{once} {name}" for name in chosen]).exists():
        messages.info(request, _("This was asked already. It is there once."))
        return
    contact = outbox.contact_of(person)
    is_sent = request.POST.get("how") != "desk" and (contact is None or contact.channel != "none")
    made = []
    for name in chosen:
        new = requests.ask(person, name, request.actor, once=f"{once} {name}", is_sent=is_sent)
        if new is None:
            told = _("%s is open already, or was answered today. It is not asked again.") % known[name].title
            messages.info(request, told)
        else:
            made.append(new)
    if made and is_sent:
        outbox.queue(person, made, "due", once=f"ask {once}", not_before=timezone.now(), actor=request.actor)
        messages.success(request, _("Asked. The message leaves within a minute, or in the morning."))
    elif made:
        messages.success(request, _("Asked. The patient answers at the clinic."))


def _answer_here(request: HttpRequest, person: Person) -> HttpResponse:
    """Opens a link on this device. The member of staff is signed out once the birth date is entered."""
    ends = timezone.now() + timedelta(minutes=links.MINUTES_TO_OPEN)
    _link, token = links.new_link(
        person, uuid.uuid4(), opens=outbox.OPENS, ends=ends, is_kiosk=True, user=request.actor.user_id
    )
    return redirect(reverse("intake_link", args=(token,)))


def act_on_request(request: HttpRequest, person: Person, asked: uuid.UUID) -> HttpResponse:
    """Withdraws a request, sends it again, or takes over what there is."""
    found = Request.objects.filter(pk=asked, person_id__in=person.ids()).first()
    if found is None:
        raise Http404
    back = "questionnaires" if request.POST.get("back") == "clinic" else "questionnaires_of"
    here = redirect(back) if back == "questionnaires" else redirect(back, person=person.pk)
    if request.method != "POST":
        return here
    what, stand = request.POST.get("what", ""), requests.stand_of(found)
    if what == "withdraw":
        reason = request.POST.get("reason", "").strip()
        if not reason:
            messages.error(request, _("Nothing was changed: write why."))
        elif requests.withdraw(found, request.actor, reason):
            messages.success(request, _("Withdrawn. What was answered is kept."))
        else:
            messages.info(request, _("It was finished or withdrawn already."))
    elif what == "again":
        _send_again(request, person, [stand])
    elif what == "take over" and may(request.actor, Action.WRITE_HISTORY, person):
        form = library.questionnaires().get(found.instrument)
        done = finishing.take_over(stand, form, request.actor)
        messages.info(request, _("Taken over as a score.") if done else _("There is nothing to take over."))
    else:
        raise Http404
    return here


def _send_again(request: HttpRequest, person: Person, stands: list[requests.Stand]) -> None:
    """One new message about open requests; those that are closed are asked anew."""
    once = finishing.as_uuid(request.POST.get("once", "")) or uuid.uuid4()
    asked = [
        stand.request
        if stand.is_open
        else requests.ask(person, stand.request.instrument, request.actor, once=f"{once} {stand.request.pk}")
        for stand in stands
    ]
    new = [one for one in asked if one is not None]
    if len(new) < len(asked) or not asked:
        messages.info(request, _("What is open already, or was answered today, is not asked again."))
    if new:
        of_page = f"again {once} {stands[0].request.pk}"
        outbox.queue(person, new, "again", once=of_page, not_before=timezone.now(), actor=request.actor)
        messages.success(request, _("Asked. The message leaves within a minute, or in the morning."))
