"""The codes of an OperationOutcome: the only words of a server's error that a message repeats. Its texts may name patients."""

from __future__ import annotations

from .json_lines import parse
from .web import Answer, BrokenExchangeError, TooLargeError

_LARGEST = 1 << 20
# fmt: off
ISSUE_CODES = frozenset([
    "invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden",
    "suppressed", "processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long",
    "code-invalid", "extension", "too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store",
    "exception", "timeout", "incomplete", "throttled", "informational",
])
# fmt: on
"""FHIR R4's value set `issue-type`."""


def issue_codes(outcome: dict) -> list[str]:
    """The codes that FHIR defines, of the issues of an OperationOutcome."""
    issues = outcome.get("issue")
    codes = [issue.get("code") for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
    return list(dict.fromkeys(code for code in codes if isinstance(code, str) and code in ISSUE_CODES))


def codes_of(answer: Answer) -> list[str]:
    """The same of an answer that is an error; none where it is anything else (a web page)."""
    try:
        return issue_codes(parse(answer.body(_LARGEST)) or {})
    except (BrokenExchangeError, TooLargeError):
        return []
