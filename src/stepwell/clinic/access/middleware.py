"""Sets `request.actor`, ends idle and old sessions, refuses large uploads, and keeps pages out of caches."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import timezone

from stepwell.clinic.people.models import Person

from .actors import PATIENT_MINUTES, is_poll, set_actor

_METHODS = ("GET", "HEAD", "POST")
_SIGN_OUT = "/account/sign-out/"
_NOTE_EVERY = 60
"""Seconds after which the time of the last request is written again: not each request costs a write."""


class ActorMiddleware:
    """Ends a session that is idle, or twelve hours old, and sets who is asking."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answers the request, in the clinic's time zone, or the patient's own."""
        _end_if_idle(request)
        set_actor(request)
        with timezone.override(_zone(request)):
            return self.get_response(request)


def _zone(request):
    if request.user.is_authenticated and request.user.clinic:
        return request.user.clinic.zone
    if request.actor is not None and request.actor.person_id is not None:
        person = Person.objects.seen_by(request.actor).select_related("clinic").first()
        return person.zone if person is not None else settings.TIME_ZONE
    return settings.TIME_ZONE


def _end_if_idle(request) -> None:
    seen = request.session.get("seen")
    is_patient = "patient" in request.session
    if seen is None and not (request.user.is_authenticated or is_patient):
        return
    now = timezone.now().timestamp()
    minutes = PATIENT_MINUTES if is_patient else settings.IDLE_MINUTES
    is_idle = seen is not None and now - seen > minutes * 60
    if is_idle or now - request.session.setdefault("began", now) > settings.SESSION_COOKIE_AGE:
        logout(request)
    elif seen is None or (now - seen > _NOTE_EVERY and not is_poll(request)):
        request.session["seen"] = now


class HeadersMiddleware:
    """Refuses other methods than GET, HEAD and POST and a body that is too large, and tells browsers to store nothing."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answers the request."""
        if request.method not in _METHODS:
            return HttpResponseNotAllowed(_METHODS)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > settings.LARGEST_UPLOAD:
            context = {"largest": settings.LARGEST_UPLOAD // 2**20}
            response = render(request, "pages/too_large.html", context, status=413)
        else:
            response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        if request.path == _SIGN_OUT and request.method == "POST":
            response["Clear-Site-Data"] = '"cache", "storage"'
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), interest-cohort=()")
        return response
