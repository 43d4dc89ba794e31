"""A server of HTTP for one result, on this machine only.

The pages hold people's records. The server listens on the loopback address alone, under an address that nobody can guess, and
answers only requests that name that address as their host, so that no other page in the browser can ask it (DNS rebinding).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

from stepwell.errors import Problem, QuestionError
from stepwell.result import Result

from .pages import Page, Pages

HOST = "127.0.0.1"
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_SECONDS_TO_ASK = 30


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Nothing is printed: a browser that goes away is no fault, and a traceback may quote a record."""


class Served:
    """A result that is being served. `address` is that of its first page."""

    def __init__(self, result: Result, port: int = 0):
        """Port 0: any that is free. Raises QuestionError where the port is taken."""
        home = f"/{secrets.token_urlsafe(24)}/"
        try:
            self._server = _Server((HOST, port), _handler(Pages(result, home), home))
        except OSError:
            problem = Problem(f"port {port}", "cannot be used", "a port that is free", "leave --port out")
            raise QuestionError("The result cannot be served.", [problem]) from None
        self.address = f"http://{HOST}:{self._server.server_port}{home}"

    def run(self) -> None:
        """Answers until `stop` is called or the program is interrupted."""
        try:
            self._server.serve_forever(poll_interval=0.2)
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """Ends `run`, called from another thread."""
        self._server.shutdown()


def serve(result: Result, *, port: int = 0, then: Callable[[str], object] = print) -> None:
    """Serves the result until the program is interrupted. `then` is told the address once it can be asked."""
    served = Served(result, port)
    then(served.address)
    served.run()


def _handler(pages: Pages, home: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = _SECONDS_TO_ASK
        server_version, sys_version = "stepwell", ""

        def do_GET(self):
            self._send(self._answer())

        def do_HEAD(self):
            self._send(self._answer(), with_page=False)

        def _answer(self) -> Page:
            asked = urlsplit(self.path)
            own = {f"{name}:{self.server.server_port}" for name in (HOST, "localhost")}
            # Said alike, whatever is wrong: the address is a secret.
            if self.headers.get("Host") not in own or not secrets.compare_digest(
                asked.path[: len(home)].encode(), home.encode()
            ):
                return Page(HTTPStatus.NOT_FOUND, "<!DOCTYPE html><title>Not found</title>Not found.")
            return pages.answer(unquote(asked.path[len(home) :]), dict(parse_qsl(asked.query)))

        def _send(self, page: Page, *, with_page: bool = True) -> None:
            content = page.html.encode()
            self.send_response(page.status)
            for name, value in _HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if with_page:
                self.wfile.write(content)

        def log_message(self, *_words):
            """Nothing: what is asked for names people."""

    return Handler
