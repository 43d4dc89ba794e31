"""A second member of staff, who confirms with their own password or code what another one enters."""

from __future__ import annotations

import re

from django import forms
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stepwell.clinic import events

from .models import User
from .policy import Actor

MOST_TRIES, MINUTES_CLOSED = 5, 15
_CODE = re.compile(r"^\d{6,8}$")


class NotConfirmed(Exception):  # noqa: N818
    """What was typed is not the colleague's; `message` says so."""

    def __init__(self, message: str):
        self.message = message
        super().__init__(message)


def confirm(actor: Actor, colleague: User, secret: str) -> None:
    """Raises `NotConfirmed` unless what somebody typed at the actor's page is the colleague's own password, or the code that
    their authenticator app shows. After `MOST_TRIES` wrong ones nothing is taken for `MINUTES_CLOSED` minutes: nobody guesses a
    colleague's password."""
    key = f"second-name-{colleague.pk}"
    if cache.get(key, 0) >= MOST_TRIES:
        raise NotConfirmed(_("Too many wrong tries. Nothing was saved. Wait %d minutes.") % MINUTES_CLOSED)
    if not _is_theirs(colleague, secret):
        events.record(actor, "witness refused", detail={"witness": colleague.pk})
        cache.set(key, cache.get(key, 0) + 1, MINUTES_CLOSED * 60)
        told = _("That is not the password or the code of %s. Nothing was saved.")
        raise NotConfirmed(told % colleague.full_name)
    cache.delete(key)


def _is_theirs(user: User, secret: str) -> bool:
    code = secret.replace(" ", "")
    return _is_code(user, code) if _CODE.match(code) else bool(secret) and user.check_password(secret)


def _is_code(user: User, code: str) -> bool:
    from allauth.mfa.models import Authenticator

    found = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    return found is not None and found.wrap().validate_code(code)


class _Name(forms.ModelChoiceField):
    def label_from_instance(self, user: User) -> str:
        return f"{user.full_name}, {user.role}"


def fields(request: HttpRequest) -> dict[str, forms.Field]:
    """The two fields of a form: who the witness is (anybody of the clinic but whoever is signed in), and their secret."""
    found = User.objects.filter(clinic_id=request.actor.clinic_id, is_active=True).exclude(pk=request.actor.user_id)
    return {
        "witness": _Name(
            found.order_by("last_name", "first_name", "username"),
            label=gettext_lazy("Witness"),
            help_text=gettext_lazy("A second member of staff who saw it."),
        ),
        "secret": forms.CharField(
            label=gettext_lazy("The witness's own password or code"),
            max_length=200,
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
            help_text=gettext_lazy("The witness types it. It is checked and not kept."),
        ),
    }


def check(request: HttpRequest, form: forms.Form) -> None:
    """Adds an error to the form where what was typed is not the witness's. Where the form has another error, nothing is tried."""
    if not form.errors:
        try:
            confirm(request.actor, form.cleaned_data["witness"], form.cleaned_data["secret"])
        except NotConfirmed as told:
            form.add_error("secret", told.message)
