"""What is answered where something is not written. Nothing is lost: the page is shown again with what was typed."""

from __future__ import annotations

from collections.abc import Iterable


class Refused(Exception):  # noqa: N818
    """Nothing was written; `messages` say why and what to do, all at once."""

    def __init__(self, messages: str | Iterable[str]):
        self.messages = [messages] if isinstance(messages, str) else list(messages)
        super().__init__(" ".join(self.messages))


class Conflict(Refused):
    """Somebody else entered something since the page was shown."""
