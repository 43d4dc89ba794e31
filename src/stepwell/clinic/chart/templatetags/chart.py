"""Filters and tags of the person page."""

from __future__ import annotations

from datetime import date

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from stepwell.clinic.access.policy import Action, may

register = template.Library()
_SYMBOLS = {"met": "✓", "not met": "✗", "unknown": "?", "nearly met": "≈", "none recorded": "–"}


@register.filter
def symbol(verdict: str) -> str:
    """The symbol beside a verdict's word."""
    return _SYMBOLS.get(verdict, "")


@register.filter
def day(text: str | None) -> str:
    """A day as a person reads it: `5 Mar 2020`."""
    if not text:
        return ""
    when = date.fromisoformat(text)
    return f"{when.day} {when:%b %Y}"


@register.filter
def number(value: float | None) -> str:
    """A total without needless decimals; a question mark where it is not known."""
    return "?" if value is None else f"{value:g}"


@register.simple_tag
def review_url(person, line: str = "") -> str:
    """Where a person's lines are reviewed, at this line."""
    return reverse("review", args=[person.pk]) + (f"#line-{line}" if line else "")


@register.simple_tag(takes_context=True)
def person_tabs(context, person, here: str) -> list[dict]:
    """The pages about one person that the reader may open."""
    tabs = (
        ("chart", "chart", _("Chart"), Action.READ_CHART),
        ("review", "review", _("Lines"), Action.READ_CHART),
        ("authorisations", "authorisations", _("Prior authorisation"), Action.READ_AUTHORISATION),
        ("shown", "chart_shown", _("Shown before"), Action.READ_CHART),
    )
    actor, found = context["request"].actor, []
    for name, route, label, action in tabs:
        if may(actor, action, person):
            found.append({"url": reverse(route, args=[person.pk]), "label": label, "here": name == here})
    return found
