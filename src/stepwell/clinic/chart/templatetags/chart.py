"""Filters and tags of the person page."""

from __future__ import annotations

from datetime import date

from django import template
from django.urls import reverse

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
