"""Sets `request.actor`, ends idle sessions, refuses large uploads, and keeps pages out of caches."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import logout
from django.shortcuts import render
from django.utils import timezone

from .actors import PATIENT_MINUTES, actor_of_user, patient_of

_NOTE_EVERY = 60
"""Seconds after which the time of the last request is written again: not each request costs a write."""


class ActorMiddleware:
    """Sets `request.actor`: None, a member of staff whose second factor is set up, or a patient. `request.own_actor` is whoever
    signed in, with a second factor or without: the pages of the own account are open to them."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answers the request, in the clinic's time zone."""
        request.actor = request.own_actor = None
        request.second_factor_missing = False
        _end_if_idle(request)
        if request.user.is_authenticated:
            request.own_actor = actor_of_user(request.user)
            if settings.SECOND_FACTOR_REQUIRED and not _has_second_factor(request.user):
                request.second_factor_missing = True
            else:
                request.actor = request.own_actor
        else:
            request.actor = patient_of(request)
        with timezone.override(_zone(request)):
            return self.get_response(request)


def _has_second_factor(user) -> bool:
    from allauth.mfa.models import Authenticator

    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return Authenticator.objects.filter(user=user, type__in=kinds).exists()


def _zone(request):
    if request.user.is_authenticated and request.user.clinic:
        return request.user.clinic.zone
    return settings.TIME_ZONE


def _end_if_idle(request) -> None:
    seen = request.session.get("seen")
    is_patient = "patient" in request.session
    if seen is None and not (request.user.is_authenticated or is_patient):
        return
    now = timezone.now().timestamp()
    minutes = PATIENT_MINUTES if is_patient else settings.IDLE_MINUTES
    if seen is not None and now - seen > minutes * 60:
        logout(request)
    elif seen is None or now - seen > _NOTE_EVERY:
        request.session["seen"] = now


class HeadersMiddleware:
    """Refuses a body that is too large, and tells browsers to store nothing."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        """Answers the request."""
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > settings.LARGEST_UPLOAD:
            context = {"largest": settings.LARGEST_UPLOAD // 2**20}
            response = render(request, "pages/too_large.html", context, status=413)
        else:
            response = self.get_response(request)
        response.setdefault("Cache-Control", "no-store")
        response.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=(), interest-cohort=()")
        return response
