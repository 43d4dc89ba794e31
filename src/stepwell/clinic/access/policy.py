"""The one function that says who may do what. Whatever is not allowed here is refused."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepwell.clinic.access.models import Clinic
    from stepwell.clinic.people.models import Person


class Role(StrEnum):
    """What somebody is in the clinic."""

    PRESCRIBER = "prescriber"
    NURSE = "nurse"
    OFFICE = "office"
    THERAPIST = "therapist"
    ADMINISTRATOR = "administrator"
    PATIENT = "patient"


STAFF = tuple(role for role in Role if role is not Role.PATIENT)


class Action(StrEnum):
    """What somebody wants to do. A room adds its own here."""

    SIGN_IN = "sign in"
    MANAGE_OWN_ACCOUNT = "manage own account"
    READ_PEOPLE = "read people"
    ADD_PERSON = "add person"
    MERGE_PEOPLE = "merge people"
    READ_CHART = "read chart"
    WRITE_HISTORY = "write history"
    CONFIRM_HISTORY = "confirm history"
    SEND_INTAKE = "send intake"
    ANSWER_INTAKE = "answer intake"
    READ_AUTHORISATION = "read authorisation"
    WRITE_AUTHORISATION = "write authorisation"
    READ_THERAPY_NOTES = "read therapy notes"
    WRITE_THERAPY_NOTES = "write therapy notes"
    REVIEW_GOALS = "review goals"
    READ_APPOINTMENTS = "read appointments"
    WRITE_APPOINTMENTS = "write appointments"
    WRITE_ORDER = "write order"
    READ_SESSIONS = "read sessions"
    RUN_SESSION = "run session"
    PLAN_SESSION = "plan session"
    READ_DAY = "read the day's list"
    READ_STOCK = "read stock"
    WRITE_STOCK = "write stock"
    READ_MONITORING_FORMS = "read monitoring forms"
    SUBMIT_MONITORING_FORM = "submit monitoring form"
    READ_CLAIMS = "read claims"
    WRITE_CLAIMS = "write claims"
    SEND_QUESTIONNAIRE = "send questionnaire"
    ANSWER_QUESTIONNAIRE = "answer questionnaire"
    READ_ALERTS = "read alerts"
    HANDLE_ALERT = "handle alert"
    READ_CASELOAD = "read caseload"
    READ_PROGRAMME = "read programme"
    READ_OWN_PAGE = "read own page"
    MANAGE_STAFF = "manage staff"
    MANAGE_CLINIC = "manage clinic"
    READ_EVENTS = "read events"
    EXPORT = "export"


_EVERY_STAFF = {Action.MANAGE_OWN_ACCOUNT}
ALLOWED: dict[Role, frozenset[Action]] = {
    Role.PRESCRIBER: frozenset(
        _EVERY_STAFF
        | {
            Action.READ_PEOPLE,
            Action.ADD_PERSON,
            Action.MERGE_PEOPLE,
            Action.READ_CHART,
            Action.REVIEW_GOALS,
            Action.WRITE_HISTORY,
            Action.CONFIRM_HISTORY,
            Action.SEND_INTAKE,
            Action.READ_AUTHORISATION,
            Action.WRITE_AUTHORISATION,
            Action.READ_THERAPY_NOTES,
            Action.WRITE_ORDER,
            Action.READ_APPOINTMENTS,
            Action.WRITE_APPOINTMENTS,
            Action.READ_SESSIONS,
            Action.RUN_SESSION,
            Action.PLAN_SESSION,
            Action.READ_DAY,
            Action.READ_STOCK,
            Action.WRITE_STOCK,
            Action.READ_MONITORING_FORMS,
            Action.SUBMIT_MONITORING_FORM,
            Action.SEND_QUESTIONNAIRE,
            Action.READ_ALERTS,
            Action.HANDLE_ALERT,
            Action.READ_CASELOAD,
            Action.READ_CLAIMS,
            Action.WRITE_CLAIMS,
            Action.READ_PROGRAMME,
        }
    ),
    Role.NURSE: frozenset(
        _EVERY_STAFF
        | {
            Action.READ_PEOPLE,
            Action.ADD_PERSON,
            Action.READ_CHART,
            Action.REVIEW_GOALS,
            Action.WRITE_HISTORY,
            Action.CONFIRM_HISTORY,
            Action.SEND_INTAKE,
            Action.READ_AUTHORISATION,
            Action.READ_APPOINTMENTS,
            Action.WRITE_APPOINTMENTS,
            Action.READ_SESSIONS,
            Action.RUN_SESSION,
            Action.PLAN_SESSION,
            Action.READ_DAY,
            Action.READ_STOCK,
            Action.WRITE_STOCK,
            Action.READ_MONITORING_FORMS,
            Action.SUBMIT_MONITORING_FORM,
            Action.SEND_QUESTIONNAIRE,
            Action.READ_ALERTS,
            Action.HANDLE_ALERT,
            Action.READ_CASELOAD,
        }
    ),
    Role.OFFICE: frozenset(
        _EVERY_STAFF
        | {
            Action.READ_PEOPLE,
            Action.ADD_PERSON,
            Action.MERGE_PEOPLE,
            Action.WRITE_HISTORY,
            Action.SEND_INTAKE,
            Action.READ_AUTHORISATION,
            Action.WRITE_AUTHORISATION,
            Action.READ_APPOINTMENTS,
            Action.WRITE_APPOINTMENTS,
            Action.PLAN_SESSION,
            Action.READ_DAY,
            Action.READ_CLAIMS,
            Action.WRITE_CLAIMS,
            Action.SEND_QUESTIONNAIRE,
        }
    ),
    Role.THERAPIST: frozenset(
        _EVERY_STAFF
        | {
            Action.READ_PEOPLE,
            Action.READ_CHART,
            Action.REVIEW_GOALS,
            Action.READ_THERAPY_NOTES,
            Action.WRITE_THERAPY_NOTES,
            Action.READ_APPOINTMENTS,
            Action.WRITE_APPOINTMENTS,
            Action.READ_SESSIONS,
        }
    ),
    # The administrator runs the clinic's software and reads no charts.
    Role.ADMINISTRATOR: frozenset(_EVERY_STAFF | {Action.MANAGE_STAFF, Action.MANAGE_CLINIC, Action.READ_EVENTS}),
    Role.PATIENT: frozenset({Action.ANSWER_INTAKE, Action.ANSWER_QUESTIONNAIRE, Action.READ_OWN_PAGE}),
}
"""What each role may do, within its own clinic; a patient, for themselves only."""


@dataclass(frozen=True)
class Actor:
    """Who is asking. Staff have a `user_id`; a patient came by a link (`link_id`), has a `person_id` and no account."""

    role: Role
    clinic_id: int | None
    user_id: int | None = None
    person_id: uuid.UUID | None = None
    link_id: str | None = None

    @property
    def name(self) -> str:
        """How the event log names the actor."""
        return f"user {self.user_id}" if self.user_id is not None else f"patient {self.person_id}"


def may(actor: Actor | None, action: Action, subject: Person | Clinic | None) -> bool:
    """Whether the actor may do this with the subject. Nobody may do anything with nothing."""
    if actor is None or subject is None or action not in ALLOWED[actor.role]:
        return False
    if actor.clinic_id is None:
        return False
    if _is_person(subject):
        if actor.role is Role.PATIENT:
            return actor.person_id is not None and subject.pk == actor.person_id
        return subject.clinic_id == actor.clinic_id
    return actor.role is not Role.PATIENT and subject.pk == actor.clinic_id


def _is_person(subject) -> bool:
    from stepwell.clinic.people.models import Person

    return isinstance(subject, Person)
