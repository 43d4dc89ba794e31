"""The data dictionary, made from the declarations: `python -m stepwell.tables.dictionary` prints it, the docs site holds it."""

from __future__ import annotations

from collections.abc import Iterator

from stepwell.tables import DERIVED, EVIDENCE, QUALITY, RECORDS, SERIES_EVIDENCE, TRUTH, Table
from stepwell.tables.around import AROUND

_CHAPTERS = (
    ("Records", "What every source is read into.", RECORDS),
    ("Results", "What stepwell makes of them, in the order in which it is made.", DERIVED),
    ("Evidence", "Made on asking for one person, from the tables above.", (EVIDENCE, SERIES_EVIDENCE)),
    ("Quality measures", "Made on asking for them, from the tables above.", (QUALITY,)),
    ("Around sessions", "Made on asking for them, from the tables above.", AROUND),
    ("Truth", "Written by the simulator beside its records, and never read by the engine.", TRUTH),
)


def dictionary() -> str:
    """The whole dictionary as Markdown."""
    lines = [
        "# Data dictionary",
        "",
        "Made from the declarations in `stepwell.tables`; do not edit. An empty last column says that the value is always there.",
    ]
    for title, words, tables in _CHAPTERS:
        lines += ["", f"## {title}", "", words]
        for table in tables:
            lines += _of_table(table)
    return "\n".join(lines) + "\n"


def _of_table(table: Table) -> Iterator[str]:
    yield from (
        "",
        f"### {table.name}",
        "",
        f"One row is {table.grain}. Key: {', '.join(f'`{k}`' for k in table.key)}.",
        "",
    )
    yield "| column | type | unit | meaning | NULL means |"
    yield "|---|---|---|---|---|"
    for c in table.columns:
        values = f" One of: {', '.join(c.values)}." if c.values else ""
        limits = f" From {c.range}." if c.range else ""
        yield f"| `{c.name}` | {c.type} | {c.unit} | {c.meaning}{values}{limits} | {c.null} |"


if __name__ == "__main__":
    print(dictionary(), end="")
