"""Sign-in and the own account: allauth's pages, each with a policy, and the first page after sign-in."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as keys

from . import clinic_settings, staff, views
from .policy import Action
from .routing import Route
from .session_ends import with_new_id


def _public(path: str, view, name: str) -> Route:
    return Route(path, view, name, Action.SIGN_IN, "public", atomic=False)


def _own(path: str, view, name: str) -> Route:
    return Route(path, view, name, Action.MANAGE_OWN_ACCOUNT, "own", atomic=False)


def _staff(path: str, view, name: str, **more) -> Route:
    return Route(path, view, name, Action.MANAGE_STAFF, "clinic", **more)


ROUTES: tuple[Route, ...] = (
    Route("", views.home, "home", Action.MANAGE_OWN_ACCOUNT, "own"),
    _public("account/sign-in/", account.login, "account_login"),
    _public("account/sign-out/", account.logout, "account_logout"),
    _public("account/inactive/", account.account_inactive, "account_inactive"),
    _public("account/second-factor/authenticate/", mfa.authenticate, "mfa_authenticate"),
    _public("account/second-factor/keys/sign-in/", keys.login_webauthn, "mfa_login_webauthn"),
    _own("account/confirm/", with_new_id(account.reauthenticate), "account_reauthenticate"),
    _own("account/password/", account.password_change, "account_change_password"),
    _own("account/second-factor/", mfa.index, "mfa_index"),
    _own("account/second-factor/confirm/", with_new_id(mfa.reauthenticate), "mfa_reauthenticate"),
    _own("account/second-factor/app/add/", totp.activate_totp, "mfa_activate_totp"),
    _own("account/second-factor/app/remove/", totp.deactivate_totp, "mfa_deactivate_totp"),
    _own("account/second-factor/codes/", codes.view_recovery_codes, "mfa_view_recovery_codes"),
    _own("account/second-factor/codes/new/", codes.generate_recovery_codes, "mfa_generate_recovery_codes"),
    _own("account/second-factor/codes/file/", codes.download_recovery_codes, "mfa_download_recovery_codes"),
    _own("account/second-factor/keys/", keys.list_webauthn, "mfa_list_webauthn"),
    _own("account/second-factor/keys/add/", keys.add_webauthn, "mfa_add_webauthn"),
    _own(
        "account/second-factor/keys/confirm/", with_new_id(keys.reauthenticate_webauthn), "mfa_reauthenticate_webauthn"
    ),
    _own("account/second-factor/keys/<int:pk>/remove/", keys.remove_webauthn, "mfa_remove_webauthn"),
    _own("account/second-factor/keys/<int:pk>/edit/", keys.edit_webauthn, "mfa_edit_webauthn"),
    Route("account/set-password/<str:who>/<str:token>/", staff.set_password, "set_password", Action.SIGN_IN, "public"),
    _staff("staff/", staff.staff, "staff", menu="Staff"),
    _staff("staff/add/", staff.add_staff, "staff_add", confirm=True),
    _staff("staff/<int:user>/", staff.edit_staff, "staff_edit", confirm=True),
    _staff("staff/<int:user>/access/", staff.end_access, "staff_access", confirm=True),
    _staff("staff/<int:user>/link/", staff.new_link, "staff_link", confirm=True),
    Route("clinic/", clinic_settings.clinic_settings, "clinic_settings", Action.MANAGE_CLINIC, "clinic", menu="Clinic"),
    # allauth names these pages; the clinic has none of them.
    _public("account/none/sign-up/", views.closed, "account_signup"),
    _public("account/none/email/", views.closed, "account_email"),
    _public("account/none/reset/", views.closed, "account_reset_password"),
    _public("account/none/set-password/", views.closed, "account_set_password"),
    _public("account/none/verify/", views.closed, "account_email_verification_sent"),
)
