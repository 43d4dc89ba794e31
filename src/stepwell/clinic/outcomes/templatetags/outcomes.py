"""Filters of the pages of outcomes."""

from __future__ import annotations

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def better(percent: float | None) -> str:
    """`40 % better`, `10 % worse`, `the same`."""
    if percent is None:
        return _("not known")
    if percent == 0:
        return _("the same")
    words = _("better") if percent > 0 else _("worse")
    return f"{abs(percent):g} % {words}"


@register.filter
def signed(change: float | None) -> str:
    """A change with its sign: `+3`, `−4`, `0`."""
    if change is None:
        return "?"
    return f"{'+' if change > 0 else '−' if change < 0 else ''}{abs(change):g}"


@register.simple_tag
def reason_url(reason) -> str:
    """Where a reason of the caseload can be looked at; empty where this clinic has no such page."""
    if not reason.route:
        return ""
    try:
        return reverse(reason.route, args=reason.parts)
    except NoReverseMatch:
        return ""
