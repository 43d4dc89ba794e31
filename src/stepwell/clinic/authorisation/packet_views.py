"""Pages about a packet: made, read, changed sentence by sentence, downloaded, written into a payer's form."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from stepwell.clinic.access.policy import Action, may
from stepwell.clinic.people.models import Person
from stepwell.errors import QuestionError

from . import packets
from .forms import FormError, fill
from .in_words import in_words, rests_on
from .models import FormFile, Packet
from .pdf import render as render_pdf
from .views import of_person

LONGEST = 2000
"""Characters of one sentence of a letter."""


def make(request: HttpRequest, person: Person, authorisation: UUID) -> HttpResponse:
    """Makes a packet as of today."""
    one = of_person(person, authorisation)
    if request.method == "POST":
        try:
            packet = packets.make(one, request.actor)
        except QuestionError as error:
            told = error.problems[0].found if error.problems else error.title
            messages.error(request, _("No packet was made: %s. Add the person's history first.") % told)
        else:
            return redirect("packet", person=person.pk, authorisation=one.pk, packet=packet.pk)
    return redirect("authorisation", person=person.pk, authorisation=one.pk)


def packet(request: HttpRequest, person: Person, authorisation: UUID, packet: UUID) -> HttpResponse:
    """The packet as it was made."""
    shown = _packet(person, authorisation, packet)
    context = {
        "person": person,
        "one": shown.authorisation,
        "packet": shown,
        "shown": in_words(packets.read(shown)),
        "is_latest": shown.pk == shown.authorisation.packets.last().pk,
        "forms": FormFile.objects.filter(clinic_id=person.clinic_id).defer("data"),
        "may_write": may(request.actor, Action.WRITE_AUTHORISATION, person),
    }
    return render(request, "authorisation/packet.html", context)


def edit(request: HttpRequest, person: Person, authorisation: UUID, packet: UUID) -> HttpResponse:
    """Changes sentences of the letter: saving makes the next packet. Where somebody else has made one meanwhile, nothing is
    saved, and what was written stays on the page."""
    shown = _packet(person, authorisation, packet)
    content = packets.read(shown)
    latest = shown.authorisation.packets.last()
    texts = {one.id: one.text for one in content.letter.sentences}
    added, problems, status = "", [], 200
    if request.method == "POST":
        texts |= {name: request.POST[f"s-{name}"] for name in texts if f"s-{name}" in request.POST}
        added = request.POST.get("added", "")
        problems = [_("A sentence has at most %d characters.") % LONGEST] * any(
            len(text) > LONGEST for text in (*texts.values(), *added.splitlines())
        )
        if latest.pk != shown.pk:
            words = _("Somebody made packet %d meanwhile. Nothing was saved; your words stand below to copy.")
            problems, status = [words % latest.number], 409
        elif problems:
            status = 422
        else:
            made = packets.change(shown, texts, added.splitlines(), request.actor)
            messages.success(request, _("Packet %d was made.") % made.number)
            return redirect("packet", person=person.pk, authorisation=shown.authorisation_id, packet=made.pk)
    rows = [
        {
            "sentence": one,
            "text": texts[one.id],
            "rests_on": rests_on(content, one),
            "height": 2 + len(texts[one.id]) // 70,
        }
        for one in content.letter.sentences
    ]
    context = {
        "person": person,
        "one": shown.authorisation,
        "packet": shown,
        "latest": latest,
        "content": content,
        "rows": rows,
        "added": added,
        "problems": problems,
    }
    return render(request, "authorisation/packet_edit.html", context, status=status)


def pdf(request: HttpRequest, person: Person, authorisation: UUID, packet: UUID) -> HttpResponse:
    """The packet as PDF: the same bytes whenever it is asked for."""
    shown = _packet(person, authorisation, packet)
    name = f"authorisation-{shown.authorisation.number}-packet-{shown.number}.pdf"
    return _download(render_pdf(packets.read(shown)), name)


def filled(request: HttpRequest, person: Person, authorisation: UUID, packet: UUID, form: UUID) -> HttpResponse:
    """The payer's form with the values of the packet."""
    shown = _packet(person, authorisation, packet)
    kept = FormFile.objects.filter(clinic_id=person.clinic_id, pk=form).first()
    if kept is None:
        raise Http404
    if not kept.mapping:
        messages.error(request, _("Choose first what goes into the fields of this form, under Payers' forms."))
        return redirect("packet", person=person.pk, authorisation=shown.authorisation_id, packet=shown.pk)
    try:
        made = fill(bytes(kept.data), kept.mapping, packets.read(shown))
    except FormError as error:
        messages.error(request, str(error))
        return redirect("packet", person=person.pk, authorisation=shown.authorisation_id, packet=shown.pk)
    if made.problems and "anyway" not in request.GET:
        context = {
            "person": person,
            "one": shown.authorisation,
            "packet": shown,
            "form": kept,
            "problems": made.problems,
        }
        return render(request, "authorisation/filled.html", context)
    return _download(made.pdf, f"authorisation-{shown.authorisation.number}-form.pdf")


def _packet(person: Person, authorisation: UUID, packet: UUID) -> Packet:
    one = of_person(person, authorisation)
    found = one.packets.filter(pk=packet).first()
    if found is None:
        raise Http404
    return found


def _download(data: bytes, name: str) -> HttpResponse:
    answer = HttpResponse(data, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
