"""Route × role × own, other and foreign patient: complete by construction. A route without a row here fails."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from django.http import Http404, HttpResponse
from django.test import RequestFactory
from django.urls import get_resolver

from stepwell.clinic.access.policy import STAFF, Actor, Role
from stepwell.clinic.access.routing import all_patterns, guarded
from stepwell.clinic.urls import ROUTES

P, N, O, T, A, PATIENT = (role.value for role in Role)  # noqa: E741
EVERYBODY = "everybody"
ACCOUNT = {P, N, O, T, A}

# Who may open each page. Rooms add their rows here; a page that is missing fails the first test.
ROWS: dict[str, set[str] | str] = {
    "home": ACCOUNT,
    "account_login": EVERYBODY,
    "account_logout": EVERYBODY,
    "account_inactive": EVERYBODY,
    "mfa_authenticate": EVERYBODY,
    "mfa_login_webauthn": EVERYBODY,
    "account_reauthenticate": ACCOUNT,
    "account_change_password": ACCOUNT,
    "mfa_index": ACCOUNT,
    "mfa_reauthenticate": ACCOUNT,
    "mfa_activate_totp": ACCOUNT,
    "mfa_deactivate_totp": ACCOUNT,
    "mfa_view_recovery_codes": ACCOUNT,
    "mfa_generate_recovery_codes": ACCOUNT,
    "mfa_download_recovery_codes": ACCOUNT,
    "mfa_list_webauthn": ACCOUNT,
    "mfa_add_webauthn": ACCOUNT,
    "mfa_reauthenticate_webauthn": ACCOUNT,
    "mfa_remove_webauthn": ACCOUNT,
    "mfa_edit_webauthn": ACCOUNT,
    "account_signup": EVERYBODY,
    "account_email": EVERYBODY,
    "account_reset_password": EVERYBODY,
    "account_set_password": EVERYBODY,
    "account_email_verification_sent": EVERYBODY,
    "set_password": EVERYBODY,
    "staff": {A},
    "staff_add": {A},
    "staff_edit": {A},
    "staff_access": {A},
    "staff_link": {A},
    "clinic_settings": {A},
    "events": {A},
    "person_card": {P, N, O, T},
    "person_edit": {P, N, O},
    "person_merge": {P, O},
    "person_unmerge": {P, O},
    "chart": {P, N, T},
    "chart_verdicts": {P, N, T},
    "chart_before": {P, N, T},
    "chart_shown": {P, N, T},
    "intake_link": EVERYBODY,
    "intake": {PATIENT},
    "intake_question": {PATIENT},
    "intake_end": {PATIENT},
    "intake_leave": {PATIENT},
    "review": {P, N, T},
    "history_decide": {P, N},
    "history_correct": {P, N},
    "history_add": {P, N, O},
    "history_type": {P, N, O},
    "history_import": {P, N, O},
    "intake_status": {P, N, O},
    "intake_take_over": {P, N, O},
    "people": {P, N, O, T},
    "caseload": {P, N},
    "programme": {P},
    "outcomes": {P, N, T},
    "access_report": {P},
    "person_add": {P, N, O},
    "calendar": {P, N, O},
    "calendar_file": {P, N, O},
    "policies": {P, N, O},
    "policy_add": {P, O},
    "form_files": {P, O},
    "form_file": {P, O},
    "claims": {P, O},
    "claims_hand_over": {P, O},
    "claims_file": {P, O},
    "claims_payers": {P, O},
    "claims_payer_edit": {P, O},
    "claims_product_edit": {P, O},
    "claims_minutes_to_enter": {P, N},
    "claims_person": {P, O},
    "claim": {P, O},
    "claims_minutes": {P, N},
    "claims_visit": {P},
    "claims_accept": {P, O},
    "authorisations": {P, N, O},
    "authorisation_new": {P, O},
    "authorisation": {P, N, O},
    "authorisation_edit": {P, O},
    "authorisation_status": {P, O},
    "packet_make": {P, O},
    "packet": {P, N, O},
    "packet_edit": {P, O},
    "packet_pdf": {P, N, O},
    "packet_form": {P, N, O},
    "patients_page": {P, N, O},
    "board": {P, N, T},
    "day": {P, N, O},
    "day_ride": {P, N, O},
    "stock": {P, N},
    "stock_ledger": {P, N},
    "stock_ledger_file": {P, N},
    "stock_receive": {P, N},
    "stock_receive_for": {P, N},
    "stock_count": {P, N},
    "stock_correct": {P, N},
    "stock_lot": {P, N},
    "stock_recipients": {P, N},
    "stock_count_lot": {P, N},
    "stock_enter": {P, N},
    "own_page": {PATIENT},
    "inbox": {P, N},
    "alerts_banner": ACCOUNT,
    "arrangement": {P, N},
    "shift": {P, N},
    "alerts": {P, N},
    "alert_enter": {P, N},
    "alert": {P, N},
    "alert_step": {P, N},
    "sessions": {P, N, T},
    "session_plan": {P, N, O},
    "session_move": {P, N, O},
    "session_cancel": {P, N, O},
    "session_sheet": {P, N, T},
    "session_due": {P, N, T},
    "session_enter": {P, N},
    "session_correct": {P, N},
    "session_sign": {P, N},
    "order_new": {P},
    "order": {P, N, T},
    "order_change": {P},
    "order_end": {P},
    "protocols": {P, N, T},
    "protocol": {P, N, T},
    "protocol_confirm": {P},
    "appointments": {P, N, O, T},
    "appointments_file": {P, N, O, T},
    "therapy_setting": {A},
    "therapy": {P, N, O, T},
    "appointment_new": {P, N, O, T},
    "appointment": {P, N, O, T},
    "note_new": {T},
    "note": {P, T},
    "note_correct": {T},
    "goal_review": {P, N, T},
    "rems_queue": {P, N},
    "rems_setting": {P, N},
    "rems_setting_edit": {P, N},
    "rems_person": {P, N},
    "rems_enrol": {P, N},
    "rems_form": {P, N},
    "rems_submission": {P, N},
    "rems_receipt": {P, N},
    "questionnaire": {PATIENT},
    "questionnaire_question": {PATIENT},
    "questionnaire_end": {PATIENT},
    "questionnaire_leave": {PATIENT},
    "questionnaire_new_link": EVERYBODY,
    "questionnaires": {P, N, O},
    "questionnaires_of": {P, N, O},
    "questionnaire_act": {P, N, O},
    "questionnaire_paper": {P, N, O},
    "scores": {P, N, T},
    "scores_read": {P, N},
}


def test_every_route_has_a_row_and_every_row_a_route():
    assert {route.name for route in ROUTES} == set(ROWS)
    assert len({route.name for route in ROUTES}) == len(ROUTES)


def test_every_url_is_a_guarded_route():
    served = {pattern.callback.route for _, pattern in all_patterns(get_resolver())}
    assert served == set(ROUTES)


def _asked(route, actor, person_id):
    """What the guarded route answers: whether its view was reached, and with whom."""
    reached = []

    def view(request, *called, **parts):
        reached.append(called)
        return HttpResponse("reached")

    request = RequestFactory().get("/")
    request.actor, request.second_factor_missing = actor, False
    request.own_actor = actor if actor is not None and actor.user_id is not None else None
    request.session = {}
    parts = {"person": person_id} if route.subject == "person" else {}
    try:
        response = guarded(replace(route, view=view))(request, **parts)
    except Http404:
        return 404, reached
    return response.status_code, reached


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_a_page_opens_to_its_roles_and_their_patients_only(route, home, other_clinic, person, actor):
    own, other, foreign = person(), person(given_name="Ben"), person(clinic=other_clinic, family_name="Roe")
    allowed = ROWS[route.name]
    actors: list[tuple[str, Actor | None]] = [(role.value, actor(role)) for role in STAFF]
    actors += [(f"{role.value} elsewhere", actor(role, other_clinic)) for role in STAFF]
    actors += [(PATIENT, Actor(Role.PATIENT, home.pk, person_id=own.pk, link_id="1")), ("nobody", None)]
    for name, who in actors:
        for subject in (own, other, foreign, None):
            status, reached = _asked(route, who, subject.pk if subject else uuid.uuid4())
            role = name.removesuffix(" elsewhere")
            may = allowed == EVERYBODY or role in allowed
            if route.subject == "person":
                ours = subject is not None and who is not None and subject.clinic_id == who.clinic_id
                may &= ours and (role != PATIENT or subject == own)
            elif route.subject == "link" and who is not None and who.role is Role.PATIENT:
                assert not reached or reached == [(own,)]
            assert bool(reached) == may, (route.name, name, subject)
            if not may:
                signs_in = who is None or (route.subject == "own" and name == PATIENT)
                assert status in ((302, 403) if signs_in else (404,)), (route.name, name)


def test_a_url_without_a_policy_keeps_the_app_from_starting(monkeypatch):
    from django.urls import path

    from stepwell.clinic.access.routing import every_url_has_a_policy

    assert every_url_has_a_policy(None) == []
    stray = path("open/", lambda request: HttpResponse("everybody"))
    monkeypatch.setattr(get_resolver(), "url_patterns", [*get_resolver().url_patterns, stray])
    problems = every_url_has_a_policy(None)
    assert [problem.id for problem in problems] == ["clinic.E001"]
    assert problems[0].is_serious()
