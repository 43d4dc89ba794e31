"""Simulated people whose truth is known: their course of treatment, the records somebody kept of it, and who has TRD.

The simulator shares the declared tables and the knowledge files with the rest of stepwell and nothing else; what it writes
is read back like any other OMOP folder. Nobody in it exists, and its shares are no evidence about real people.
"""

from __future__ import annotations

from .certainty import Unverified, unverified, vary
from .forms import Noise
from .model import ModelParameters
from .packing import model_parameters
from .parameters import parameters as record_parameters
from .policy import Offer, Policy
from .population import (
    MOST_AT_ONCE,
    MOST_RECORDED,
    days_ill,
    draw_events,
    draw_outcomes,
    draw_people,
    maintenance_days,
    session_days,
    write_events,
)
from .records.folder import simulate, usual_policy
from .states import Cause, Event, Outcome, Resistance, State, Treatment
from .streams import Kind, Streams

__all__ = [
    "MOST_AT_ONCE",
    "MOST_RECORDED",
    "Cause",
    "Event",
    "Kind",
    "ModelParameters",
    "Noise",
    "Offer",
    "Outcome",
    "Policy",
    "Resistance",
    "State",
    "Streams",
    "Treatment",
    "Unverified",
    "days_ill",
    "draw_events",
    "draw_outcomes",
    "draw_people",
    "maintenance_days",
    "model_parameters",
    "record_parameters",
    "session_days",
    "simulate",
    "unverified",
    "usual_policy",
    "vary",
    "write_events",
]
