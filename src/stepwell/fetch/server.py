"""Questions to one FHIR server: with the token, within its origin, asked again where that may help.

No message holds an address beyond its host, a text of the server, or an id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Protocol
from urllib.parse import urljoin

from stepwell.errors import Problem, SourceError, StepwellError, UnfinishedError

from .addresses import origin, shown_origin
from .json_lines import parse
from .outcomes import codes_of
from .web import Answer, BrokenExchangeError, Clock, TooLargeError, Web

TITLE = "The records could not be fetched."
GO_ON = "run the same command again: it continues where it stopped"
FHIR_JSON = "application/fhir+json"
_TRIES = 6
_LONGEST_WAIT = 3600.0
_BUSY = {429, 503}
GATEWAY = frozenset({502, 504})
_FAILED = GATEWAY | {500}


class SignedIn(Protocol):
    """What a server asks of the one that holds its token (`sign_in.SignIn`)."""

    def token(self) -> str:
        """A token that is still valid for a while."""

    def forget(self) -> None:
        """Asks for a new token the next time: the server refused this one."""

    def not_granted(self, types: Iterable[str]) -> list[str]:
        """The types that this client may not read as a whole."""


class Server:
    """A FHIR server at `base`. `sign_in` stays None where it asks for none."""

    def __init__(self, base: str, web: Web, clock: Clock):
        self.base, self.web, self.clock = base, web, clock
        self.sign_in: SignedIn | None = None

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
        may_lead_away: bool = False,
    ) -> Answer:
        """The answer, whatever its status, once the server is not busy (429, 503) and the status is not one of `again_after`.

        `again_after` is empty for what must not be done twice: it is not repeated after a broken connection either. Without the
        token, an address on another host may be asked. With `may_lead_away`, one redirect is followed, without the token.
        Raises `UnfinishedError` where the tries are used up, and `SourceError` for a redirect.
        """
        sign_in = self.sign_in if with_token else None
        if with_token:
            url = self.address(url, what)
        is_renewed = False
        for attempt in range(_TRIES):
            is_last = attempt == _TRIES - 1
            sent = {"Accept": FHIR_JSON, **headers}
            if sign_in:
                sent["Authorization"] = f"Bearer {sign_in.token()}"
            try:
                answer = self.web.ask(method, url, sent, body)
            except BrokenExchangeError as error:
                if is_last or not again_after:
                    raise self.error(UnfinishedError, what, str(error), "an answer", GO_ON) from None
                self.wait(attempt)
                continue
            status = answer.status
            if status == 401 and sign_in and not is_renewed and not is_last:
                answer.drop()
                sign_in.forget()
                is_renewed = True
            elif status in _BUSY or status in again_after:
                if is_last:
                    raise self.refused(what, status, codes_of(answer), UnfinishedError, GO_ON)
                self.wait(attempt, answer)
            elif 300 <= status < 400:
                answer.drop()
                away = answer.header("Location")
                if may_lead_away and origin(away):
                    url, sign_in, may_lead_away = away, None, False
                    continue
                remedy = "give the address that it redirects to, if you trust it; stepwell follows no redirect"
                raise self.error(SourceError, what, f"answered {status}, a redirect", "an answer", remedy)
            else:
                return answer
        raise AssertionError("the last try returns or raises")

    def wait(self, attempt: int, answer: Answer | None = None) -> float:
        """Waits as long as the answer asks, else 1, 2, 4, … seconds up to a minute; an hour at most. Returns the seconds."""
        asked = answer.retry_after(self.clock.now()) if answer else None
        if answer:
            answer.drop()
        seconds = min(2.0**attempt, 60.0) if asked is None else min(max(asked, 1.0), _LONGEST_WAIT)
        self.clock.sleep(seconds)
        return seconds

    def json(self, what: str, url: str, accept: str = FHIR_JSON, *, with_token: bool = True) -> tuple[int, dict]:
        """The status and the JSON object at an address. Asks again where the answer was cut off."""
        for attempt in range(_TRIES):
            answer = self.ask(what, url, headers={"Accept": accept}, with_token=with_token)
            try:
                found = parse(answer.body())
            except TooLargeError:
                remedy = "use the bulk export, or ask the administrator for smaller pages"
                raise self.error(SourceError, what, "the answer is larger than 256 MB", "pages", remedy) from None
            except BrokenExchangeError as error:
                if attempt == _TRIES - 1:
                    raise self.error(UnfinishedError, what, str(error), "a whole answer", GO_ON) from None
                self.wait(attempt)
                continue
            if found is None and answer.status == 200:
                raise self.error(SourceError, what, "the answer is no JSON object", "FHIR as JSON", "check BASE_URL")
            return answer.status, found or {}
        raise AssertionError("the last try returns or raises")

    def pages(self, what: str, page: dict, accept: str = FHIR_JSON) -> Iterator[dict]:
        """The page and those that its links `next` lead to."""
        seen = set()
        yield page
        while url := link_of(page, "next"):
            url = self.address(url, what)
            if url in seen:
                raise self.error(SourceError, what, "its pages go round", "an end", "tell its administrator")
            seen.add(url)
            status, page = self.json(what, url, accept)
            if status != 200:
                raise self.error(SourceError, what, f"a page answered {status}", "a page", GO_ON)
            yield page

    def error(self, kind: type[StepwellError], what: str, found: str, expected: str, remedy: str) -> StepwellError:
        """An error about what this server did."""
        return kind(TITLE, [Problem(f"{shown_origin(self.base)}, {what}", found, expected, remedy)])

    def refused(
        self, what: str, status: int, codes: list[str], kind: type[StepwellError], remedy: str
    ) -> StepwellError:
        """The error for an answer that is none."""
        shown = f" ({', '.join(codes)})" if codes else ""
        if status == 401 and self.sign_in is None:
            remedy = "sign in: give --client and --key"
        return self.error(kind, what, f"answered {status}{shown}", "an answer", remedy)


def link_of(page: dict, relation: str) -> str | None:
    """The address of a page's link, as the server wrote it."""
    links = page.get("link")
    for link in links if isinstance(links, list) else []:
        if isinstance(link, dict) and link.get("relation") == relation and isinstance(link.get("url"), str):
            return link["url"]
    return None
