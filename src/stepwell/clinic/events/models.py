"""The table of events."""

from __future__ import annotations

from django.db import models


class Event(models.Model):
    """Who did what when. Rows are added and never changed or deleted: the database refuses it."""

    append_only = True

    number = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    clinic_id = models.BigIntegerField(null=True, db_index=True)
    actor = models.CharField(max_length=80)
    role = models.CharField(max_length=20)
    action = models.CharField(max_length=60)
    person_id = models.UUIDField(null=True, db_index=True)
    detail = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return f"{self.number} {self.at:%Y-%m-%d %H:%M} {self.actor}: {self.action}"
