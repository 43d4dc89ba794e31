"""The pictures of README.md and the docs: `python docs/pictures/draw.py` draws them again from the demo's simulated people."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
_WHOLE = '<rect width="100%" height="100%" fill="#ffffff"/>'


def pictures(result_folder: Path) -> dict[str, str]:
    """Each picture as SVG, by the name of its file, from the result of `stepwell demo`."""
    from stepwell.report.person import write_person
    from stepwell.result import Result

    with tempfile.TemporaryDirectory() as folder:
        page = write_person(Result.open(result_folder), "1", Path(folder) / "person.html").read_text("utf-8")
    report = (result_folder / "report.html").read_text("utf-8")
    return {"person.svg": _drawing(page, "life"), "shares.svg": _drawing(report, "shares-treated")}


def _drawing(page: str, name: str) -> str:
    """The drawing of that name in a page, on white: a reader's screen may be dark."""
    (svg,) = re.findall(rf'<svg[^>]* aria-labelledby="{name}-title.*?</svg>', page, re.DOTALL)
    opening, rest = svg.split(">", 1)
    return f"{opening}>{_WHOLE}{rest}\n"


def main() -> None:
    """Runs the demo in a folder of its own and writes the pictures."""
    from stepwell.cli import app

    with tempfile.TemporaryDirectory() as folder:
        app(["demo", "--out", f"{folder}/demo"], standalone_mode=False)
        for name, svg in pictures(Path(folder) / "demo/result").items():
            (HERE / name).write_text(svg, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
