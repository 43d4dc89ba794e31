"""What the person page showed, kept as it was shown."""

from __future__ import annotations

import hashlib
import json

from django.db import models

from stepwell.clinic.access.policy import Actor
from stepwell.clinic.people.models import Person

_DATES = ("today", "day")
"""Parts of the content that change with the day alone."""


class Shown(models.Model):
    """One state of a person's chart: the verdicts, the lines that they rest on, the version of the knowledge."""

    append_only = True

    person = models.ForeignKey(Person, models.PROTECT, related_name="shown")
    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)
    content = models.JSONField()

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.digest[:12]}"

    @classmethod
    def keep(cls, person: Person, content: dict, actor: Actor) -> Shown:
        """The state that is shown: the latest one kept where nothing but the day is different, else a new one."""
        told = {name: value for name, value in content.items() if name not in _DATES}
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        latest = cls.objects.filter(person=person).first()
        if latest is not None and latest.digest == digest:
            return latest
        return cls.objects.create(person=person, content=content, digest=digest, actor=actor.name)
