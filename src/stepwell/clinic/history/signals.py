"""What other rooms may listen to. A receiver runs in the transaction of what it is told: where it fails, nothing is stored."""

from __future__ import annotations

from django.dispatch import Signal

lines_said = Signal()
"""Lines were added, or say something else than before. Sent with `person`, `lines`, `actor`, and `answers`: the id of the
questionnaire whose answers became these lines, or None."""
answer_saved = Signal()
"""A patient answered a question, of an intake or between visits. Sent with `answer` and `page`."""
