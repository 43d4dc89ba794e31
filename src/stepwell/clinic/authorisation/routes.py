"""The pages of this room."""

from __future__ import annotations

from stepwell.clinic.access.routing import Route

ROUTES: tuple[Route, ...] = ()
