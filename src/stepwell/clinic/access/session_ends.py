"""When a session of staff gets another id, and when those in other browsers end."""

from __future__ import annotations

import functools
from collections.abc import Callable

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse

from .models import User


def end_other_sessions(user: User, request: HttpRequest | None) -> int:
    """Ends every session of the user but that of the request; returns how many. It reads all sessions: a clinic has dozens."""
    own = request.session.session_key if request is not None else None
    theirs = [
        one.pk for one in Session.objects.exclude(session_key=own) if one.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    return Session.objects.filter(pk__in=theirs).delete()[0]


def with_new_id(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view of a confirmation: once somebody has confirmed who they are, their session has another id."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        before = len(request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, ()))
        answer = view(request, *args, **kwargs)
        if len(request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, ())) > before:
            request.session.cycle_key()
        return answer

    return wrapped
