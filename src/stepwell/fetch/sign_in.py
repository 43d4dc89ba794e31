"""Signing in by SMART Backend Services: discovery, and a token that is renewed before it expires.

Source: HL7 SMART App Launch 2.2, "Backend Services" and "Client Authentication: Asymmetric".
Tokens and assertions stay in memory.
"""

from __future__ import annotations

import json
from urllib.parse import urlencode

from stepwell.errors import Problem, QuestionError, UnfinishedError

from .addresses import origin, shown_origin
from .keys import SigningKey
from .web import BrokenExchangeError, Clock, Web

_TITLE = "The server did not let stepwell sign in."
_EARLY = 60
"""Seconds before its end at which a token is renewed (half its life, where that is shorter)."""
_UNSAID_LIFE = 300
_TRIES = 4
_OAUTH_ERRORS = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
}
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class SignIn:
    """Holds the token of one client at one server."""

    def __init__(self, web: Web, clock: Clock, base: str, client: str, key: SigningKey, scope: str | None):
        self._web, self._clock, self._client, self._key = web, clock, client, key
        self._base, self._scope = base, scope
        self._token_url: str | None = None
        self._token: str | None = None
        self._renew_at = 0.0

    def token(self) -> str:
        """A token that is still valid for a while."""
        if self._token is None or self._clock.now() >= self._renew_at:
            self._renew()
        return self._token

    def forget(self) -> None:
        """Asks for a new token the next time: the server refused this one."""
        self._token = None

    def _renew(self) -> None:
        if self._token_url is None:
            self._discover()
        for attempt in range(_TRIES):
            status, found = self._ask_for_token()
            token = found.get("access_token")
            if status == 200 and isinstance(token, str) and token.isascii() and token.isprintable() and token:
                life = found.get("expires_in")
                life = float(life) if isinstance(life, int | float) and life > 0 else _UNSAID_LIFE
                self._renew_at = self._clock.now() + max(life - _EARLY, life / 2)
                self._token = token
                return
            # Some servers answer 400 now and then to a request that they accept a moment later. Each try signs anew.
            if attempt < _TRIES - 1 and (status in (0, 200, 400, 429) or status >= 500):
                self._clock.sleep(2.0**attempt)
            else:
                raise self._refused(status, found.get("error"))

    def _ask_for_token(self) -> tuple[int, dict]:
        form = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._key.assertion(self._client, self._token_url, self._clock.now()),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            answer = self._web.ask("POST", self._token_url, headers, urlencode(form).encode())
            return answer.status, _json_object(answer.body())
        except BrokenExchangeError:
            return 0, {}

    def _refused(self, status: int, error: object) -> QuestionError:
        where = shown_origin(self._token_url)
        if status == 0 or status >= 500 or status == 429:
            found = f"answered {status}" if status else "gave no answer"
            return UnfinishedError(_TITLE, [Problem(where, found, "a token", "run the same command again later")])
        # The server's own words may repeat what was sent, so only the standard's words are shown.
        why = f" ({error})" if error in _OAUTH_ERRORS else ""
        remedy = (
            "ask the administrator whether the client's id, its public key (stepwell fhir jwks --key FILE) and the scope "
            f"{self._scope} are registered, and whether this machine's clock is right"
        )
        return QuestionError(_TITLE, [Problem(where, f"answered {status}{why}", "a token", remedy)])

    def _discover(self) -> None:
        url = f"{self._base}/.well-known/smart-configuration"
        found: dict = {}
        for attempt in range(_TRIES):
            try:
                answer = self._web.ask("GET", url, {"Accept": "application/json"})
                found = _json_object(answer.body())
                if answer.status < 500 and answer.status != 429:
                    break
            except BrokenExchangeError:
                pass
            if attempt == _TRIES - 1:
                problem = Problem(shown_origin(url), "gave no answer", "its sign-in address", "try again later")
                raise UnfinishedError(_TITLE, [problem])
            self._clock.sleep(2.0**attempt)
        token_url = found.get("token_endpoint")
        if not isinstance(token_url, str) or origin(token_url) is None:
            said = "names no token_endpoint with https" if found else "has no .well-known/smart-configuration"
            remedy = "check the FHIR base URL; an open test server needs --no-auth"
            raise QuestionError(_TITLE, [Problem(shown_origin(url), said, "SMART Backend Services", remedy)])
        methods = found.get("token_endpoint_auth_methods_supported")
        if isinstance(methods, list) and "private_key_jwt" not in methods:
            problem = Problem(
                shown_origin(url), "does not offer private_key_jwt", "sign-in by a key", "ask its administrator"
            )
            raise QuestionError(_TITLE, [problem])
        algorithms = found.get("token_endpoint_auth_signing_alg_values_supported")
        if isinstance(algorithms, list) and self._key.algorithm not in algorithms:
            known = [name for name in ("ES384", "RS384") if name in algorithms]
            wanted = f"a key for {' or '.join(known)}" if known else "ES384 or RS384"
            found = f"does not take {self._key.algorithm}"
            raise QuestionError(_TITLE, [Problem(shown_origin(url), found, wanted, "use a key of that kind")])
        self._token_url = token_url
        if self._scope is None:
            self._scope = _scope(found)


def _scope(found: dict) -> str:
    """`system/*.rs`, or the older `system/*.read` where the server knows only that."""
    scopes, can = found.get("scopes_supported"), found.get("capabilities")
    is_old = isinstance(scopes, list) and "system/*.read" in scopes and "system/*.rs" not in scopes
    return "system/*.read" if is_old and not (isinstance(can, list) and "permission-v2" in can) else "system/*.rs"


def _json_object(content: bytes) -> dict:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
