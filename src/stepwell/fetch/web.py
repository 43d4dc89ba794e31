"""One HTTP exchange: no redirects, no retries, a body that is whole or an error.

Python's `http.client` is used because it follows no redirect by itself and keeps no cookie: docs/decisions/0019.
"""

from __future__ import annotations

import http.client
import ssl
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
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


class TooLargeError(Exception):
    """The answer is larger than what may be held in memory. Asking again does not help."""


class Answer:
    """The status, the headers and the body of one answer."""

    def __init__(self, response: http.client.HTTPResponse, give_back: Callable[[bool], None]):
        self.status = response.status
        self._headers = response.headers
        self._response = response
        self._give_back = give_back

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
        except (ValueError, TypeError, OverflowError):
            return None

    def pieces(self) -> Iterator[bytes]:
        """The body in pieces, unpacked. Raises `BrokenExchangeError` where it is not whole."""
        is_whole = False
        try:
            received = self._received()
            yield from _unpacked(received) if self.header("Content-Encoding").lower() == "gzip" else received
            is_whole = True
        except (OSError, http.client.HTTPException, zlib.error, EOFError):
            raise BrokenExchangeError("the connection ended before the answer was whole") from None
        finally:
            self._give_back(is_whole)

    def _received(self) -> Iterator[bytes]:
        expected, n_read = self._response.length, 0  # None: chunked, or until the connection ends
        while piece := self._response.read(_PIECE):
            n_read += len(piece)
            yield piece
        if expected is not None and n_read != expected:
            raise EOFError

    def body(self, at_most: int = _LARGEST_ANSWER) -> bytes:
        """The whole body. Raises `BrokenExchangeError`, and `TooLargeError` above `at_most` bytes."""
        found = bytearray()
        for piece in self.pieces():
            found += piece
            if len(found) > at_most:
                raise TooLargeError
        return bytes(found)

    def drop(self) -> None:
        """Ends the connection without reading the body."""
        self._give_back(False)


def _unpacked(received: Iterator[bytes]) -> Iterator[bytes]:
    """The content of a gzip file, in pieces of bounded size."""
    unpack = zlib.decompressobj(wbits=31)
    for piece in received:
        while piece:
            yield unpack.decompress(piece, _PIECE)
            piece = unpack.unconsumed_tail
    yield unpack.flush()
    if not unpack.eof:
        raise EOFError


class Web:
    """Keeps one connection to each origin open between exchanges."""

    def __init__(self, timeout: float = _TIMEOUT):
        self._timeout = timeout
        self._open: dict[str, http.client.HTTPConnection] = {}

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return ssl.create_default_context()

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
            connection.request(method, target, body, {"User-Agent": "stepwell", "Accept-Encoding": "gzip", **headers})
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
