"""Text from records and files, made safe to show: on a terminal, in a page, in a chart, in a spreadsheet."""

from __future__ import annotations

import json
import re

import pyarrow as pa
import pyarrow.compute as pc

# Control characters but tab and line ends, direction overrides, and what is no character: a terminal obeys them, XML and HTML
# do not allow them, and the renderer of charts aborts on them.
_UNSAFE = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff"
_NOT_PRINTABLE = re.compile(f"[{_UNSAFE}\ud800-\udfff]")
_SHOWN_AS = "\ufffd"

_FORMULA = r"^\s*[=+\-@\t\r]"
_NUMBER = r"^[+-]?[0-9.]+([eE][+-]?[0-9]+)?$"


def is_printable(text: str) -> bool:
    """Whether `printable` leaves the text as it is."""
    return _NOT_PRINTABLE.search(text) is None


def printable(text: str) -> str:
    """The text with `\ufffd` in the place of every character that a terminal, a page or a chart cannot show."""
    return _NOT_PRINTABLE.sub(_SHOWN_AS, text)


def printable_in(value: object) -> object:
    """The same for every text in plain data, keys included."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable_in(key): printable_in(one) for key, one in value.items()}
    return [printable_in(one) for one in value] if isinstance(value, list | tuple) else value


def json_text(value: object, **how) -> str:
    """The value as JSON for people, in UTF-8, with what is not printable written as `\\u009b`: nothing is lost."""
    text = json.dumps(value, indent=2, ensure_ascii=False, **how)
    return _NOT_PRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def for_spreadsheets(rows: pa.Table) -> pa.Table:
    """The rows as they may be written into a CSV file that somebody opens in a spreadsheet.

    A text that a spreadsheet would run as a formula (`=1+1`, `@sum`, `-x`) gets an apostrophe before it, by which a spreadsheet
    takes it for text; a number stays a number. Characters that are not printable become `\ufffd`.
    """
    columns = []
    for column in rows.columns:
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            column = pc.replace_substring_regex(column, f"[{_UNSAFE}]", _SHOWN_AS)
            runs = pc.and_(
                pc.match_substring_regex(column, _FORMULA), pc.invert(pc.match_substring_regex(column, _NUMBER))
            )
            column = pc.if_else(runs, pc.binary_join_element_wise("'", column, ""), column)
        columns.append(column)
    return pa.table(columns, names=rows.column_names)
