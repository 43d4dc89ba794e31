"""Tells the record rows of sessions when a monitoring form was sent."""

from django.apps import AppConfig


class RemsConfig(AppConfig):
    """The room `rems`."""

    name = "stepwell.clinic.rems"

    def ready(self) -> None:
        """Begins to tell."""
        from stepwell.clinic.sessions.records import add_source

        from .record_rows import form_rows

        add_source(form_rows)
