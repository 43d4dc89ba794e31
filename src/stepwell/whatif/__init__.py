"""What if: what becomes of simulated people under other policies, and how surely that can be said."""

from .answer import Answer, Case, Compared, Estimate, what_if
from .page import write_answer
from .plain import plain
from .question import Question, ask
from .words import paragraphs

__all__ = [
    "Answer",
    "Case",
    "Compared",
    "Estimate",
    "Question",
    "ask",
    "paragraphs",
    "plain",
    "what_if",
    "write_answer",
]
