"""Answers in the database: each is stored before the next page is shown. An intake and a questionnaire keep them alike."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.db import IntegrityError, transaction
from django.utils import timezone

from .models import Answer, Link
from .questionnaire import Page
from .signals import answer_saved


class Elsewhere(Exception):  # noqa: N818
    """The question was answered in another tab since this page was shown; `answer` is that answer."""

    def __init__(self, answer: Answer):
        self.answer = answer
        super().__init__("answered in another tab")


def latest(asked: uuid.UUID) -> dict[tuple[str, int], Answer]:
    """The latest answer to each question of an intake or of a request."""
    return {(a.question, a.turn): a for a in Answer.objects.filter(intake=asked).order_by("number")}


def values(answers: dict[tuple[str, int], Answer]) -> dict[tuple[str, int], dict]:
    """The same as what was said."""
    return {key: answer.value for key, answer in answers.items()}


def last_of(answers: dict[tuple[str, int], Answer]) -> Answer | None:
    """The answer that was stored last."""
    return max(answers.values(), key=lambda answer: answer.number, default=None)


def save(
    link: Link,
    page: Page,
    value: dict,
    *,
    asked: uuid.UUID,
    questions: str,
    once: uuid.UUID,
    seen: int,
    then: Callable[[Answer], None] = lambda answer: None,
) -> tuple[Answer, bool]:
    """Stores the answer; returns it, and whether this very page had been sent before.

    `asked` is the intake or the request, `questions` the questionnaire with its date. `once` was made with the page and `seen`
    is the answer that the page showed (0: none). `then` runs in the transaction of the answer. Raises Elsewhere where there is
    a later one.
    """
    before = Answer.objects.filter(once=once).first()
    if before is not None:
        return before, True
    question, turn = page.key
    last = Answer.objects.filter(intake=asked, question=question, turn=turn).order_by("-number").first()
    if last is not None and last.number != seen:
        raise Elsewhere(last)
    fields = {"link": link, "person": link.person, "intake": asked, "questions": questions, "value": value}
    try:
        with transaction.atomic():
            made = Answer.objects.create(question=question, turn=turn, at=timezone.now(), once=once, **fields)
            answer_saved.send(None, answer=made, page=page)
            then(made)
    except IntegrityError:
        same = Answer.objects.filter(once=once).first()
        if same is None:
            raise
        return same, True
    return made, False
