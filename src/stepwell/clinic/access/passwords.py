"""Which passwords are refused because anybody who knows the clinic would try them first."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

WORDS = (
    "stepwell",
    "spravato",
    "esketamine",
    "ketamine",
    "depression",
    "clinic",
    "password",
    "welcome",
    "nurse",
    "doctor",
)
"""Words of the trade; the words of the clinic's own name are added."""
_FEWEST_OWN = 8
_SHORTEST = 4


class ContextWordsValidator:
    """Refuses a password in which fewer than eight characters are left beside such words."""

    def validate(self, password: str, user=None) -> None:
        """Raises where too little of it is the person's own."""
        if len(_beside(password, self._words(user))) < _FEWEST_OWN:
            raise ValidationError(self.get_help_text(), code="password_of_context_words")

    def get_help_text(self) -> str:
        """What is asked, in words."""
        words = _("Beside the clinic's name and words such as %(words)s it needs %(n)d more letters or digits.")
        return words % {"words": ", ".join(WORDS[:4]), "n": _FEWEST_OWN}

    def _words(self, user) -> list[str]:
        clinic = getattr(user, "clinic", None)
        own = re.findall(r"\w+", clinic.name.lower()) if clinic is not None else []
        return [*WORDS, *(word for word in own if len(word) >= _SHORTEST)]


def _beside(password: str, words: list[str]) -> str:
    left = password.lower()
    for word in sorted(set(words), key=lambda word: (-len(word), word)):
        left = left.replace(word, "")
    return re.sub(r"[\W_]", "", left)
