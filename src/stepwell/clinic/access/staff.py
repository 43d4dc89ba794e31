"""The administrator's page about staff: adding, changing the role, ending access, a new link to set the password."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters

from stepwell.clinic import events

from .actors import actor_of_user, has_second_factor
from .models import User
from .policy import STAFF, Role

_ROLES = [(role.value, role.value.capitalize()) for role in STAFF]
_TOKEN = "set-password-token"


class StaffForm(forms.ModelForm):
    """A name to sign in with, the person's name, the role."""

    first_name = forms.CharField(max_length=150, label=gettext_lazy("Given name"))
    last_name = forms.CharField(max_length=150, label=gettext_lazy("Family name"))
    role = forms.ChoiceField(choices=_ROLES, label=gettext_lazy("Role"))

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "role", "email")
        labels = {"email": gettext_lazy("E-mail")}
        help_texts = {
            "email": gettext_lazy(
                "To tell whoever is on call that an alert went to them. Messages hold no patient's name."
            )
        }


def staff(request: HttpRequest) -> HttpResponse:
    """Everybody who has an account in the clinic."""
    users = list(User.objects.filter(clinic_id=request.actor.clinic_id).order_by("-is_active", "last_name", "username"))
    for user in users:
        user.second_factor = has_second_factor(user)
    return render(request, "access/staff.html", {"users": users})


def add_staff(request: HttpRequest) -> HttpResponse:
    """Adds somebody, and shows the link with which they set their password: once."""
    form = StaffForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        user = form.save(commit=False)
        user.clinic_id = request.actor.clinic_id
        user.set_unusable_password()
        user.save()
        events.record(request.actor, "staff added", detail={"user": user.pk, "role": user.role})
        return _show_link(request, user)
    return render(request, "access/staff_edit.html", {"form": form}, status=422 if form.errors else 200)


def edit_staff(request: HttpRequest, user: int) -> HttpResponse:
    """Changes the name or the role."""
    found = _user(request, user)
    form = StaffForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["role"] != Role.ADMINISTRATOR and _is_last_administrator(request, found):
            form.add_error("role", _("This is the last administrator. Make another one first."))
        else:
            form.save()
            detail = {"user": found.pk, "role": found.role, "changed": sorted(form.changed_data)}
            events.record(request.actor, "staff changed", detail=detail)
            messages.success(request, _("Saved."))
            return redirect("staff")
    return render(
        request, "access/staff_edit.html", {"form": form, "edited": found}, status=422 if form.errors else 200
    )


def end_access(request: HttpRequest, user: int) -> HttpResponse:
    """Ends or gives back access. A user who loses it is signed out at their next request."""
    found = _user(request, user)
    if request.method != "POST":
        return redirect("staff_edit", user=user)
    if found.is_active and _is_last_administrator(request, found):
        messages.error(request, _("This is the last administrator. Make another one first."))
        return redirect("staff_edit", user=user)
    found.is_active = not found.is_active
    found.save(update_fields=["is_active"])
    events.record(request.actor, "access given" if found.is_active else "access ended", detail={"user": found.pk})
    messages.success(request, _("Saved."))
    return redirect("staff")


def new_link(request: HttpRequest, user: int) -> HttpResponse:
    """Ends the password and the second factor of somebody who lost them, and shows a new link."""
    from allauth.mfa.models import Authenticator

    found = _user(request, user)
    if request.method != "POST":
        return redirect("staff_edit", user=user)
    found.set_unusable_password()
    found.save(update_fields=["password"])
    Authenticator.objects.filter(user=found).delete()
    events.record(request.actor, "password and second factor ended", detail={"user": found.pk})
    return _show_link(request, found)


@sensitive_post_parameters()
def set_password(request: HttpRequest, who: str, token: str) -> HttpResponse:
    """Sets the password by a link that works once, for a day. The token moves into the session: it stays in no history."""
    if token != "now":
        request.session[_TOKEN] = token
        return redirect("set_password", who=who, token="now")
    from allauth.account.forms import SetPasswordForm

    user = _named(who)
    if user is None or not default_token_generator.check_token(user, request.session.get(_TOKEN, "")):
        return render(request, "access/link_used.html", status=410)
    form = SetPasswordForm(user=user, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save()
            events.record(actor_of_user(user), "password set")
        request.session.pop(_TOKEN, None)
        messages.success(request, _("Your password is set. Sign in with the name {name}.").format(name=user.username))
        return redirect("account_login")
    context = {"form": form, "name": user.username}
    return render(request, "access/set_password.html", context, status=422 if form.errors else 200)


def _user(request: HttpRequest, pk: int) -> User:
    found = User.objects.filter(pk=pk, clinic_id=request.actor.clinic_id).first()
    if found is None:
        raise Http404
    return found


def _named(who: str) -> User | None:
    try:
        return User.objects.filter(pk=int(urlsafe_base64_decode(who)), is_active=True).first()
    except ValueError:
        return None


def _is_last_administrator(request: HttpRequest, user: User) -> bool:
    others = User.objects.filter(clinic_id=request.actor.clinic_id, role=Role.ADMINISTRATOR, is_active=True).exclude(
        pk=user.pk
    )
    return User.objects.values_list("role", flat=True).get(pk=user.pk) == Role.ADMINISTRATOR and not others.exists()


def _show_link(request: HttpRequest, user: User) -> HttpResponse:
    who = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("set_password", kwargs={"who": who, "token": default_token_generator.make_token(user)})
    return render(request, "access/staff_link.html", {"added": user, "link": request.build_absolute_uri(path)})
