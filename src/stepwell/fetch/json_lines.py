"""JSON as FHIR needs it: 1.50 must not become 1.5, and 1e400 is no infinity."""

from __future__ import annotations

import json
import re
import secrets

# `parse` puts this mark before the text of a decimal, and `json_line` takes it away again.
_MARK = secrets.token_hex(8)
_MARKED = re.compile(f'"{_MARK}([-+.eE0-9]+)"')


def parse(content: bytes) -> dict | None:
    """The JSON object, with decimals as texts that only `json_line` understands; None where there is no object."""
    try:
        found = json.loads(content.decode("utf-8-sig"), parse_float=lambda text: _MARK + text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse(name: str) -> None:
    raise ValueError(name)


def json_line(resource: dict) -> bytes:
    """One line of NDJSON, its decimals as the server wrote them."""
    text = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate cannot be written in UTF-8.
    return _MARKED.sub(r"\1", text).encode("utf-8", "replace") + b"\n"
