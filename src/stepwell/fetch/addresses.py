"""Addresses of servers: which are safe to talk to, and which belong to one origin (scheme, host and port)."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from stepwell.errors import Problem, QuestionError

_PORTS = {"https": 443, "http": 80}
_THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}


def origin(url: str) -> str | None:
    """`https://host:443` of an address; None where it is no address that a token may be sent to.

    Plain http is allowed to this machine only. An address with a user name, a password or white space in it is none.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    is_plain = url.isascii() and url.isprintable() and not set(url) & {" ", "\\"}
    if not (is_plain and parts.hostname and port) or "@" in parts.netloc:
        return None
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _THIS_MACHINE):
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def base_address(url: str) -> str:
    """The base address of a FHIR server without a slash at its end. Raises `QuestionError` for an unsafe one."""
    where = origin(url)
    parts = urlsplit(url) if where else SplitResult("", "", "", "", "")
    if where is None or parts.query or parts.fragment:
        found = "is no address that records may be fetched from"
        expected = "https://host/path (plain http only to localhost), without a user name, a password, ? or #"
        raise QuestionError("Nothing was fetched.", [Problem("BASE_URL", found, expected, "give the FHIR base URL")])
    return url.rstrip("/")


def shown_origin(url: str) -> str:
    """What a message may say of an address: its scheme and host. Paths and queries may hold ids."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
