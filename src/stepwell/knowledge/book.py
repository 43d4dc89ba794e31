"""All cards in one document: `python -m stepwell.knowledge.book` prints it, the docs site holds it."""

from __future__ import annotations

from .explain import show
from .forms import Knowledge
from .loader import load


def book(knowledge: Knowledge) -> str:
    """Every card as Markdown, its headings one level down, so that they are chapters of one document."""
    entries = [
        *knowledge.definitions,
        *knowledge.stagings,
        *knowledge.quality,
        *knowledge.candidacies,
        *knowledge.published,
        *knowledge.treatments,
        *knowledge.regimens,
        *knowledge.plasma,
        "doses",
        *knowledge.all_instruments,
        *knowledge.crosswalks,
        *knowledge.ladders,
        # A code set with the name of a treatment stands under its card.
        *(name for name in knowledge.codesets if name not in knowledge.treatments),
    ]
    lines = [
        "# What stepwell knows, and where it has it from",
        "",
        "Made from the knowledge files; do not edit. The same cards: `stepwell knowledge show ID`.",
    ]
    for entry in entries:
        card = show(entry, knowledge).strip().splitlines()
        lines += ["", *(f"#{line}" if line.startswith("#") else line for line in card)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(book(load()), end="")
