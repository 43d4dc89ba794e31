"""The protocols that can be ordered, each value with its source, and the confirmation of values that are only recalled."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.access.policy import Action, may

from . import protocol_files
from .protocol_files import ProtocolFile
from .protocol_words import rows


def protocols(request: HttpRequest) -> HttpResponse:
    """Every protocol, and what is wrong with files of the clinic's own."""
    clinic_id = request.actor.clinic_id
    files = [(file, protocol_files.is_confirmed(file, clinic_id)) for file in protocol_files.available().values()]
    context = {"files": files, "problems": protocol_files.problems(), "folder": protocol_files.own_folder()}
    return render(request, "sessions/protocols.html", context)


def protocol(request: HttpRequest, protocol: str) -> HttpResponse:
    """One protocol, value by value."""
    file = _file(protocol)
    clinic = Clinic.objects.get(pk=request.actor.clinic_id)
    context = {
        "file": file,
        "protocol": file.protocol,
        "rows": rows(file),
        "is_confirmed": protocol_files.is_confirmed(file, clinic.pk),
        "n_recalled": len(file.protocol.recalled),
        "may_confirm": may(request.actor, Action.WRITE_ORDER, clinic),
    }
    return render(request, "sessions/protocol.html", context)


def confirm(request: HttpRequest, protocol: str) -> HttpResponse:
    """Confirms the recalled values of the file that the page showed."""
    if request.method == "POST":
        file = _file(protocol)
        if request.POST.get("digest") != file.digest:
            messages.error(request, _("The file has changed since the page was shown. Look at it again."))
        else:
            clinic = Clinic.objects.get(pk=request.actor.clinic_id)
            protocol_files.confirm(file, clinic, request.actor)
            messages.success(request, _("Confirmed. The protocol can be ordered."))
    return redirect("protocol", protocol=protocol)


def _file(name: str) -> ProtocolFile:
    file = protocol_files.available().get(name)
    if file is None:
        raise Http404
    return file
