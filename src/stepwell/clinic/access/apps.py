"""Registers the check that every URL has a policy."""

from django.apps import AppConfig


class AccessConfig(AppConfig):
    """The room `access`."""

    name = "stepwell.clinic.access"

    def ready(self) -> None:
        """Registers the system check and what is written to the event log at sign-in."""
        from . import routing, signals  # noqa: F401
