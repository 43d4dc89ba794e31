"""Gives the room a label of its own: Django's own sessions have the label `sessions`."""

from django.apps import AppConfig


class SessionsConfig(AppConfig):
    """The room `sessions`."""

    name = "stepwell.clinic.sessions"
    label = "treatment_sessions"
