"""The pages that say what went wrong, without saying what exists."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


def bad_request(request: HttpRequest, exception=None) -> HttpResponse:
    """400: the browser sent what cannot be read."""
    return _page(request, 400, _("This could not be read"), _("Go back, reload the page and try again."))


def forbidden(request: HttpRequest, exception=None) -> HttpResponse:
    """403: refused."""
    return _page(request, 403, _("This is not allowed"), _("If you need it, ask the clinic's administrator."))


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403: the form is older than the session, or cookies are off."""
    told = _("Nothing was saved. The page was open for too long, or cookies are off. Reload it and enter this again.")
    return _page(request, 403, _("Please send this again"), told)


def not_found(request: HttpRequest, exception=None) -> HttpResponse:
    """404: no such page, or not for this person."""
    return _page(request, 404, _("There is no such page"), _("It may have moved, or it is not open to you."))


def failed(request: HttpRequest) -> HttpResponse:
    """500: the app's own fault."""
    told = _(
        "This is a fault of the app. Nothing of your last entry was saved. Try again; if it comes back, report it."
    )
    return _page(request, 500, _("Something went wrong"), told)


def _page(request: HttpRequest, status: int, title: str, told: str) -> HttpResponse:
    return render(request, "pages/message.html", {"title": title, "told": told}, status=status)
