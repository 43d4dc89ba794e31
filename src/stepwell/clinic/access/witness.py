"""A second member of staff, who confirms with their own password what another one enters."""

from __future__ import annotations

from django import forms
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from .models import User


def others(request: HttpRequest):
    """The members of staff of the clinic who can be a witness: everybody but the one who is signed in."""
    found = User.objects.filter(clinic_id=request.actor.clinic_id, is_active=True)
    return found.exclude(pk=request.actor.user_id).order_by("last_name", "first_name", "username")


class _Name(forms.ModelChoiceField):
    def label_from_instance(self, user: User) -> str:
        return f"{user.full_name}, {user.role}"


def fields(request: HttpRequest) -> dict[str, forms.Field]:
    """The two fields of a form: who the witness is, and their password."""
    return {
        "witness": _Name(others(request), label=_("Witness"), help_text=_("A second member of staff who saw it.")),
        "witness_password": forms.CharField(
            label=_("The witness's own password"),
            max_length=200,
            strip=False,
            widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
            help_text=_("The witness types it. It is checked and not kept."),
        ),
    }


def check(request: HttpRequest, form: forms.Form) -> None:
    """Adds an error to the form where the password is not the witness's. Wrong ones count as attempts to sign in."""
    witness, password = form.cleaned_data.get("witness"), form.cleaned_data.get("witness_password")
    if witness is None or not password:
        return
    if authenticate(request, username=witness.username, password=password) != witness:
        form.add_error("witness_password", _("This is not the witness's password."))
