"""One HTTP exchange: no redirects, no retries, a body that is whole or an error.

Python's own `http.client` is used because it follows nothing and keeps nothing: docs/decisions/0018.
"""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from stepwell.errors import Problem, QuestionError

from .addresses import origin, shown_origin

_TIMEOUT = 120
_PIECE = 1 << 20
_LARGEST_ANSWER = 256 << 20
"""Bytes of an answer that is held in memory. Exported files are not: they stream to the disk."""


@dataclass(frozen=True)
class Clock:
    """The time in seconds since 1970, and waiting. Tests give their own."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class BrokenExchangeError(Exception):
    """The connection failed or ended before the answer was whole. Asking again may help."""


class Answer:
    """The status, the headers and the body of one answer."""

    def __init__(self, response: http.client.HTTPResponse, give_back: Callable[[bool], None]):
        self.status = response.status
        self._headers = response.headers
        self._response = response
        self._give_back = give_back
        self._expected = response.length  # None: chunked, or until the connection ends

    def header(self, name: str) -> str:
        """The header's text, empty where it is absent."""
        return self._headers.get(name) or ""

    def retry_after(self, now: float) -> float | None:
        """Seconds that the server asks to wait (`Retry-After` as seconds or as a date); None where it does not."""
        text = self.header("Retry-After").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            return max(0.0, parsedate_to_datetime(text).timestamp() - now)
        except (ValueError, TypeError):
            return None

    def pieces(self) -> Iterator[bytes]:
        """The body in pieces. Raises `BrokenExchangeError` where it is not whole."""
        n_read = 0
        try:
            while piece := self._response.read(_PIECE):
                n_read += len(piece)
                yield piece
        except (OSError, http.client.HTTPException):
            self._give_back(False)
            raise BrokenExchangeError("the connection ended before the answer was whole") from None
        if self._expected is not None and n_read != self._expected:
            self._give_back(False)
            raise BrokenExchangeError("the connection ended before the answer was whole")
        self._give_back(True)

    def body(self) -> bytes:
        """The whole body. Raises `BrokenExchangeError`."""
        found, size = [], 0
        for piece in self.pieces():
            found.append(piece)
            size += len(piece)
            if size > _LARGEST_ANSWER:
                self.drop()
                raise BrokenExchangeError("an answer was larger than 256 MB")
        return b"".join(found)

    def drop(self) -> None:
        """Ends the connection without reading the body."""
        self._give_back(False)


class Web:
    """Keeps one connection to each origin open between exchanges."""

    def __init__(self, timeout: float = _TIMEOUT):
        self._timeout = timeout
        self._open: dict[str, http.client.HTTPConnection] = {}
        self._tls = ssl.create_default_context()

    def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        """The answer. Its body has to be read or dropped before the next question to the same origin.

        Raises `BrokenExchangeError` where there is none, and `QuestionError` where the server's certificate is not trusted.
        """
        place = origin(url)
        if place is None:
            raise ValueError("the caller checks addresses")
        connection = self._open.pop(place, None) if method == "GET" else None
        connection = connection or self._connect(place)

        def give_back(is_whole: bool) -> None:
            if is_whole and not response.will_close:
                self._open[place] = connection
            else:
                connection.close()

        parts = urlsplit(url)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request(method, target, body, {"User-Agent": "stepwell", **headers})
            response = connection.getresponse()
        except ssl.SSLCertVerificationError:
            connection.close()
            found = "its certificate is not trusted"
            remedy = "ask the administrator for the certificate, and name its file in SSL_CERT_FILE"
            raise QuestionError(
                "The server cannot be trusted.", [Problem(shown_origin(url), found, "a valid certificate", remedy)]
            ) from None
        except (OSError, http.client.HTTPException):
            connection.close()
            raise BrokenExchangeError("there was no answer") from None
        return Answer(response, give_back)

    def close(self) -> None:
        """Closes the open connections."""
        for connection in self._open.values():
            connection.close()
        self._open.clear()

    def _connect(self, place: str) -> http.client.HTTPConnection:
        parts = urlsplit(place)
        if parts.scheme == "http":
            return http.client.HTTPConnection(parts.hostname, parts.port, timeout=self._timeout)
        proxy = urllib.request.getproxies().get("https")
        if not proxy or urllib.request.proxy_bypass(parts.hostname):
            return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=self._timeout, context=self._tls)
        through = urlsplit(proxy if "://" in proxy else f"//{proxy}")
        connection = http.client.HTTPSConnection(
            through.hostname, through.port, timeout=self._timeout, context=self._tls
        )
        connection.set_tunnel(parts.hostname, parts.port)
        return connection
