"""docs/calibration.md with its table made again: `python tests/calibrate/print_fit.py > page && mv page docs/calibration.md`."""

import re
from pathlib import Path

from stepwell.calibrate import find_fit, words
from stepwell.knowledge.sentences import markdown_table, short_name

PAGE = Path(__file__).parents[2] / "docs/calibration.md"
_MADE = re.compile(r"(?<=<!-- made -->\n).*?(?=<!-- end -->)", re.DOTALL)


def page() -> str:
    """The page as it must read."""
    return _MADE.sub(lambda _: made(), PAGE.read_text("utf-8"))


def made() -> str:
    """The tables: the model beside every published result."""
    fit = find_fit()
    lines = [f"{fit.people:,} simulated people in each study, seed {fit.seed}; 95 % intervals.", ""]
    for kind, (title, about) in words.KINDS.items():
        rows = [
            (
                row.target.what,
                words.published(row),
                words.simulated(row),
                words.verdict(row),
                f"{short_name(row.target.source, fit.references)} ({words.mark(row)})",
            )
            for row in fit.of(kind)
        ]
        lines += [f"### {title}", about, "", *markdown_table(("Result", "Published", "Model", "", "Source"), rows), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
