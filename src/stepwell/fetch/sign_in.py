"""Signing in by SMART Backend Services: discovery, and a token that is renewed before it expires.

Source: HL7 SMART App Launch 2.2, "Backend Services" and "Client Authentication: Asymmetric".
Tokens and assertions stay in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlencode

from stepwell.errors import Problem, QuestionError, UnfinishedError

from .addresses import origin, shown_origin
from .json_lines import parse
from .keys import SigningKey
from .server import Server
from .web import BrokenExchangeError, TooLargeError

_TITLE = "The server did not let stepwell sign in."
_EARLY = 60
"""Seconds before its end at which a token is renewed (half its life, where that is shorter)."""
_UNSAID_LIFE = 300
_TRIES = 4
_LARGEST = 1 << 20
_OAUTH_ERRORS = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
}
_SCOPE = re.compile(r"system/(?P<type>[A-Za-z]+|\*)\.(?P<can>[a-z]+|\*)")
"""One that is limited further (`?category=...`) covers a part of a type only."""
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class SignIn:
    """Holds the token of one client at one server."""

    def __init__(self, server: Server, client: str, key: SigningKey, scope: str | None):
        self._server, self._client, self._key, self._scope = server, client, key, scope
        self._token_url = ""
        self._token: str | None = None
        self._granted: object = None
        self._renew_at = 0.0

    def token(self) -> str:
        """A token that is still valid for a while."""
        if self._token is None or self._server.clock.now() >= self._renew_at:
            self._renew()
        return self._token

    def forget(self) -> None:
        """Asks for a new token the next time: the server refused this one."""
        self._token = None

    def not_granted(self, types: Iterable[str]) -> list[str]:
        """The types that this client may not read as a whole, by the scopes that came with the token; none where it names none.

        An export leaves them out without a word.
        """
        scopes = self._granted.split() if isinstance(self._granted, str) else []
        found = [_SCOPE.fullmatch(scope) for scope in scopes if scope.startswith("system/")]
        may_read = {m["type"] for m in found if m and (m["can"] in ("read", "*") or {"r", "s"} <= set(m["can"]))}
        return sorted(kind for kind in types if not may_read & {kind, "*"}) if found else []

    def _renew(self) -> None:
        clock = self._server.clock
        self._token_url = self._token_url or self._discover()
        for attempt in range(_TRIES):
            answer, found = None, {}
            try:
                answer = self._ask()
                found = parse(answer.body(_LARGEST)) or {}
            except (BrokenExchangeError, TooLargeError):
                pass
            status = answer.status if answer else 0
            token = found.get("access_token")
            if status == 200 and isinstance(token, str) and token.isascii() and token.isprintable() and token:
                life = found.get("expires_in")
                life = life if isinstance(life, int) and life > 0 else _UNSAID_LIFE
                self._renew_at = clock.now() + max(life - _EARLY, life / 2)
                self._token, self._granted = token, found.get("scope")
                return
            # Some servers answer 400 now and then to a request that they accept a moment later. Each try signs anew.
            if attempt < _TRIES - 1 and (status in (0, 200, 400, 429) or status >= 500):
                self._server.wait(attempt, answer)
            else:
                raise self._refused(status, found.get("error"))

    def _ask(self):
        form = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._key.assertion(self._client, self._token_url, self._server.clock.now()),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        return self._server.web.ask("POST", self._token_url, headers, urlencode(form).encode())

    def _refused(self, status: int, error: object) -> QuestionError:
        where = shown_origin(self._token_url)
        if status in (0, 200, 429) or status >= 500:
            found = f"answered {status} without a token" if status else "gave no answer"
            return UnfinishedError(_TITLE, [Problem(where, found, "a token", "run the same command again later")])
        # The server's own words may repeat what was sent, so only the standard's words are shown.
        why = f" ({error})" if isinstance(error, str) and error in _OAUTH_ERRORS else ""
        remedy = (
            "ask the administrator whether the client's id, its public key (stepwell fhir jwks --key FILE) and the scope "
            f"{self._scope} are registered, and whether this machine's clock is right"
        )
        return QuestionError(_TITLE, [Problem(where, f"answered {status}{why}", "a token", remedy)])

    def _discover(self) -> str:
        """The address that gives tokens. Chooses the scope, where none was asked for."""
        url = f"{self._server.base}/.well-known/smart-configuration"
        status, found = self._server.json("sign-in configuration", url, "application/json", with_token=False)
        where = f"{shown_origin(url)}, .well-known/smart-configuration"
        if status != 200:
            remedy = "check the FHIR base URL; an open test server needs --no-auth"
            raise QuestionError(_TITLE, [Problem(where, f"answered {status}", "SMART Backend Services", remedy)])
        token_url = found.get("token_endpoint")
        if not isinstance(token_url, str) or origin(token_url) is None:
            remedy = "ask its administrator; an open test server needs --no-auth"
            raise QuestionError(_TITLE, [Problem(where, "names no token_endpoint with https", "one", remedy)])
        methods = found.get("token_endpoint_auth_methods_supported")
        if isinstance(methods, list) and "private_key_jwt" not in methods:
            problem = Problem(where, "does not offer private_key_jwt", "sign-in by a key", "ask its administrator")
            raise QuestionError(_TITLE, [problem])
        algorithms = found.get("token_endpoint_auth_signing_alg_values_supported")
        if isinstance(algorithms, list) and self._key.algorithm not in algorithms:
            known = [name for name in ("ES384", "RS384") if name in algorithms]
            wanted = f"a key for {' or '.join(known)}" if known else "ES384 or RS384"
            problem = Problem(where, f"does not take {self._key.algorithm}", wanted, "use a key of that kind")
            raise QuestionError(_TITLE, [problem])
        self._scope = self._scope or _scope(found)
        return token_url


def _scope(found: dict) -> str:
    """`system/*.rs`, or the older `system/*.read` where the server knows only that."""
    scopes, can = found.get("scopes_supported"), found.get("capabilities")
    is_old = isinstance(scopes, list) and "system/*.read" in scopes and "system/*.rs" not in scopes
    return "system/*.read" if is_old and not (isinstance(can, list) and "permission-v2" in can) else "system/*.rs"
