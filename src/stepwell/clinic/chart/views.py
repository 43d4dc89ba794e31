"""The person page: what stepwell says of a person's lines today, and what it said before."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import mark_safe

from stepwell.clinic.access.models import Clinic
from stepwell.clinic.history.lines import current
from stepwell.clinic.people.models import Person
from stepwell.clinic.sessions import sheets

from .content import compose
from .judging import Judged, judge, knowledge
from .models import Shown
from .timeline import draw

_SHOWN_PER_PAGE = 50


def judge_person(person: Person) -> tuple[Judged, list]:
    """A person's current lines, and what stepwell says today of them and of the clinic's sessions, by the definitions that their
    clinic chose."""
    lines, today = current(person), timezone.now().astimezone(person.clinic.zone).date()
    return judge(person, lines, *_chosen(person.clinic), day=today, sheets=sheets.given(person)), lines


def _chosen(clinic: Clinic) -> tuple[list[str], list[str]]:
    """The ids of the clinic's definitions and staging models; without a choice, those that stepwell runs by default."""
    known = knowledge()
    definitions = [i for i in clinic.definitions if i in known.definitions]
    stagings = [i for i in clinic.stagings if i in known.stagings]
    return (
        definitions or [d.id for d in known.definitions.values() if d.by_default],
        stagings or [s.id for s in known.stagings.values() if s.by_default],
    )


def chart(request: HttpRequest, person: Person) -> HttpResponse:
    """The person page. What it shows is kept."""
    judged, lines = judge_person(person)
    today = timezone.now().astimezone(person.clinic.zone).date()
    content = compose(judged, lines, today)
    shown = Shown.keep(person, content, request.actor)
    return _page(request, person, shown, content, is_today=True)


def verdicts(request: HttpRequest, person: Person) -> HttpResponse:
    """The verdicts alone, for a page on which lines are changed."""
    judged, lines = judge_person(person)
    content = compose(judged, lines, timezone.now().astimezone(person.clinic.zone).date())
    return render(request, "chart/verdicts.html", {"person": person, "content": content})


def shown_before(request: HttpRequest, person: Person) -> HttpResponse:
    """The states that were shown, latest first."""
    page = Paginator(Shown.objects.filter(person_id__in=person.ids()).defer("content"), _SHOWN_PER_PAGE)
    return render(request, "chart/shown.html", {"person": person, "page": page.get_page(request.GET.get("page"))})


def shown_again(request: HttpRequest, person: Person, shown: int) -> HttpResponse:
    """One state, as it was shown."""
    state = Shown.objects.filter(person_id__in=person.ids(), pk=shown).first()
    if state is None:
        raise Http404
    return _page(request, person, state, state.content, is_today=False)


def _page(request: HttpRequest, person: Person, shown: Shown, content: dict, *, is_today: bool) -> HttpResponse:
    picture = draw(content)
    return render(
        request,
        "chart/chart.html",
        {
            "person": person,
            "shown": shown,
            "content": content,
            "is_today": is_today,
            "timeline": None if picture is None else mark_safe(picture),
        },
    )
