"""Questions to one FHIR server: with the token, within its origin, asked again where that may help.

No message holds an address beyond its host, a text of the server, or an id.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Mapping
from urllib.parse import urljoin

from stepwell.errors import Problem, SourceError, StepwellError, UnfinishedError

from .addresses import origin, shown_origin
from .issue_codes import ISSUE_CODES
from .sign_in import SignIn
from .web import Answer, BrokenExchangeError, Clock, Web

TITLE = "The records could not be fetched."
GO_ON = "run the same command again: it continues where it stopped"
FHIR_JSON = "application/fhir+json"
_TRIES = 6
_LONGEST_WAIT = 3600.0
_BUSY = {429, 503}
GATEWAY = frozenset({502, 504})
_FAILED = GATEWAY | {500}


class Server:
    """A FHIR server at `base`; `sign_in` is None where it asks for none."""

    def __init__(self, base: str, web: Web, clock: Clock, sign_in: SignIn | None):
        self.base, self.clock = base, clock
        self._web, self._sign_in = web, sign_in

    def address(self, url: str, what: str) -> str:
        """The absolute address of a link that the server gave. Raises `SourceError` where it leads to another origin."""
        try:
            absolute = urljoin(f"{self.base}/", url)
        except ValueError:
            absolute = ""
        if origin(absolute) is None or origin(absolute) != origin(self.base):
            remedy = "ask its administrator to have it link to itself by its public address"
            raise self.error(SourceError, what, "a link leads to another server", "links within one server", remedy)
        return absolute

    def ask(
        self,
        what: str,
        url: str,
        method: str = "GET",
        *,
        headers: Mapping[str, str] = {},
        body: bytes | None = None,
        with_token: bool = True,
        again_after: Collection[int] = _FAILED,
    ) -> Answer:
        """The answer, whatever its status, once the server is not busy (429, 503) and the status is not one of `again_after`.

        A question without `again_after` must not be asked twice, so it is not repeated after a broken connection.
        Raises `UnfinishedError` where the tries are used up, and `SourceError` for a redirect. Without the token, an
        address on another host may be asked.
        """
        if with_token:
            url = self.address(url, what)
        is_renewed = False
        for attempt in range(_TRIES):
            sent = {"Accept": FHIR_JSON, **headers}
            if with_token and self._sign_in:
                sent["Authorization"] = f"Bearer {self._sign_in.token()}"
            may_ask_again = attempt < _TRIES - 1
            try:
                answer = self._web.ask(method, url, sent, body)
            except BrokenExchangeError as error:
                if not (may_ask_again and again_after):
                    raise self.error(UnfinishedError, what, str(error), "an answer", GO_ON) from None
                self.clock.sleep(2.0**attempt)
                continue
            status = answer.status
            if status == 401 and with_token and self._sign_in and not is_renewed and may_ask_again:
                answer.drop()
                self._sign_in.forget()
                is_renewed = True
            elif status in _BUSY or status in again_after:
                if not may_ask_again:
                    raise self.refused(what, answer, UnfinishedError, GO_ON)
                self.wait(answer, attempt)
                answer.drop()
            elif 300 <= status < 400:
                answer.drop()
                remedy = "give the address that it redirects to, if you trust it; stepwell follows no redirect"
                raise self.error(SourceError, what, f"answered {status}, a redirect", "an answer", remedy)
            else:
                return answer
        raise AssertionError("the last try returns or raises")

    def wait(self, answer: Answer, attempt: int) -> float:
        """Waits as long as the server asks, else 1, 2, 4, … seconds up to a minute; an hour at most. Returns the seconds."""
        asked = answer.retry_after(self.clock.now())
        seconds = min(2.0 ** min(attempt, 6), 60.0) if asked is None else min(max(asked, 1.0), _LONGEST_WAIT)
        self.clock.sleep(seconds)
        return seconds

    def json(self, what: str, url: str, accept: str = FHIR_JSON) -> tuple[int, dict]:
        """The status and the JSON object at an address. Asks again where the answer was cut off.

        Numbers with a decimal point come as texts that `json_line` writes as the server wrote them.
        """
        for attempt in range(_TRIES):
            answer = self.ask(what, url, headers={"Accept": accept})
            try:
                content = answer.body()
                found = parse(content)
            except BrokenExchangeError as error:
                if attempt == _TRIES - 1:
                    raise self.error(UnfinishedError, what, str(error), "a whole answer", GO_ON) from None
                self.clock.sleep(2.0**attempt)
                continue
            if found is None and answer.status == 200:
                raise self.error(SourceError, what, "the answer is no JSON object", "FHIR as JSON", "check BASE_URL")
            return answer.status, found or {}
        raise AssertionError("the last try returns or raises")

    def error(self, kind: type[StepwellError], what: str, found: str, expected: str, remedy: str) -> StepwellError:
        """An error about what this server did."""
        return kind(TITLE, [Problem(f"{shown_origin(self.base)}, {what}", found, expected, remedy)])

    def refused(self, what: str, answer: Answer, kind: type[StepwellError], remedy: str) -> StepwellError:
        """The error for an answer that is none, with the codes of its OperationOutcome."""
        return self.error(kind, what, f"answered {answer.status}{codes_in(answer)}", "an answer", remedy)


def codes_in(answer: Answer) -> str:
    """` (not-supported)`: the codes of an OperationOutcome that FHIR defines. Its free text may name patients."""
    try:
        found = parse(answer.body()) or {}
    except BrokenExchangeError:
        found = {}
    codes = issue_codes(found)
    return f" ({', '.join(codes)})" if codes else ""


def issue_codes(outcome: dict) -> list[str]:
    """The codes that FHIR defines, of the issues of an OperationOutcome."""
    issues = outcome.get("issue")
    codes = [issue.get("code") for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
    return list(dict.fromkeys(code for code in codes if code in ISSUE_CODES))


# A mark by which decimals are known again: FHIR's 1.50 must not become 1.5, and 1e400 is no infinity.
_MARK = secrets.token_hex(8)
_MARKED = re.compile(f'"{_MARK}([-+.eE0-9]+)"')


def parse(content: bytes) -> dict | None:
    """The JSON object, decimals kept as they are written; None where there is none."""
    try:
        found = json.loads(content.decode("utf-8-sig"), parse_float=lambda text: _MARK + text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse(name: str) -> None:
    raise ValueError(name)


def json_line(resource: dict) -> bytes:
    """One line of NDJSON."""
    text = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate cannot be written in UTF-8.
    return _MARKED.sub(r"\1", text).encode("utf-8", "replace") + b"\n"
