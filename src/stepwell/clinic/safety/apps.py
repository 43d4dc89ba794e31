"""Listens to the history: every place where an answer about suicide can enter."""

from django.apps import AppConfig


class SafetyConfig(AppConfig):
    """The room `safety`."""

    name = "stepwell.clinic.safety"

    def ready(self) -> None:
        """Begins to listen."""
        from . import watch  # noqa: F401
