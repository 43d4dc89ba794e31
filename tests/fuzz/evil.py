"""Values that no record, definition or command should hold, by the kind of place into which they are written."""

from __future__ import annotations

import random

import pyarrow as pa

SECRET = "zq7marker"
"""Stands in for a patient's words and for passwords: it may be in no message."""
SECRET_NUMBER = "8675309"
"""Stands in for a patient's number."""

EMPTY = ("", " ", "\t", "\u00a0", "NULL", "null", "None", "NaN", "nan", "N/A", "-", ".", "?", "\\N", "''", '""')
TEXTS = (
    SECRET,
    f"=cmd|'/c {SECRET}'!A0",
    f"{SECRET}'; DROP TABLE person; --",
    f'{SECRET}"quoted"',
    f"{SECRET},with,commas",
    f"{SECRET}\nsecond line",
    f"{SECRET}\rcarriage",
    f"\x1b]0;{SECRET}\x07\x1b[2J",
    f"\x01{SECRET}\x7f",
    f"<script>{SECRET}</script>",
    f"{{{{ {SECRET} }}}}",
    f"[bold]{SECRET}[/bold]",
    f"[/{SECRET}]",
    f"{SECRET}\u202e\u200b",
    f"{SECRET}\U0001f9e0é\u0301",
    f"%s%n{{0}}{SECRET}",
    f"../../{SECRET}",
    SECRET * 2000,
    "true",
    "'",
    '"',
    "\ufeff",
)
NUMBERS = (
    "0", "-0", "-1", "0.0", "1e-320", "1e300", "-1e300", "3e20", "1e999", "inf", "-inf", "Infinity", "0x10", "0b1", "1_000",
    "1,5", "١٢", "½", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616",
    "3.5", "007", " 7 ", "7.0", "+7", "7.", ".5", "1e2", "99", "999", "9" * 400,
    SECRET_NUMBER, f"{SECRET_NUMBER}.5", f"-{SECRET_NUMBER}", f"{SECRET_NUMBER}00000000000000000", f"{SECRET_NUMBER}mg",
)  # fmt: skip
DATES = (
    "9999-12-31", "2999-01-01", "0001-01-01", "0000-00-00", "-0001-01-01", "198", "1980-5", "1980-13-01", "2023-02-29",
    "2020-01-31abc", "2020-06-15 (BC)", "epoch", "infinity", "-infinity", "today", "now", "31.12.2020", "01/02/2020",
    "20200131", "2020-01-31T25:61:61", "2020-01-31 10:00:00+99", "294247-01-10", "5874897-12-31", "1e9", "44000",
    f"2020-01-31{SECRET}", f"{SECRET_NUMBER}-01-01",
)  # fmt: skip
TIMES = ("24:00", "25:61", "-1:00", "9", "9:5", "09:30:99", "12 pm", f"09:30{SECRET}", f"{SECRET_NUMBER}:00")
VALUES = (*EMPTY, *TEXTS, *NUMBERS, *DATES, *TIMES)

YAML = (
    "null", "~", "[]", "{}", "[nope]", "{a: b}", "true", "no", "0", "-1", ".nan", ".inf", "1e300", "9" * 400, "''",
    "'\x01'", '"\\x01"', '"\\x1b[2J"', '"\\ud800"', "!!python/object/apply:os.system ['true']", "!!binary aGk=", "!!set {a}",
    "!!timestamp 2020-01-01", "2020-01-01", "&a [*a]", "*missing", "<<: 1", "? [a]\n: b", "|\n  x", "- -", "@x", "`x`", "%x",
    "[" * 500, "{" * 300, "'" + "x" * 5000 + "'", "0x10", "0o17", "1:30", "12 weeks", "12 parsecs", "-3 days", "1e9 days",
    "999999999999999999999 years", "0.0000001 points", "50", "150 %", "[bold]x[/bold]", "{{ x }}", "<b>x</b>",
)  # fmt: skip
BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10))
"""Aliases nine deep: small to read, endless to write out."""

WORDS = (
    "", " ", "-", "--", "*", "?", "[a]", "x'y", 'x"y', "x;y", "x\ny", "x\x01y", "x\x1b[2Jy", "[bold]x[/bold]", "[/x]",
    "{x}", "%s", "é", "\U0001f9e0", "\u202e", "x" * 5000, "../x", "/", "~", "nan", "-1", "1e300", "9" * 400, "none", "all,all",
)  # fmt: skip
"""What may be written where a command expects a word."""

PATHS = (
    "a[b]c", "a?b", "d*", "it's", 'say "x"', "a\\b", "a b", "a;b", "a%20b", "$HOME", "~", "~root", "-x", "--out", "x\ny",
    "x\x01y", "x\x1b[2Jy", "\udcff", "é", "e\u0301", "\U0001f9e0", "x" * 300, "y/" * 2100, "", ".", "..", "./",
    "nowhere/deeper/x", "keep.txt", "keep.txt/x", "kept", "kept/keep.txt", "link", "link/x",
    "dangling", "loop", "pipe", "locked", "x.partial",
    "http://x/y.csv", "s3://x/y", "file:///x", "sqlite:x", ":memory:", "[1]", "{x}", "q'--", "CON", "x.yaml", "x.parquet",
    "x.csv",
)  # fmt: skip
"""Paths within the folder of one input: names that are patterns, SQL or options elsewhere, and what `lay_paths` lays there."""


COLUMNS = tuple(
    pa.array(cells, of)
    for cells, of in (
        ([[1], [2], None], None),
        ([{"a": 1}, None, {"a": 2}], None),
        ([b"\xff", b"", None], None),
        ([2**64 - 1, 1, None], pa.uint64()),
        ([1.0, 2.5, float("nan")], None),
        ([2.0**60, 2.0**60 + 1024, float("inf")], None),
        ([2**62, -(2**63), 1], pa.timestamp("us")),
        ([2**30, -(2**31), 1], pa.date32()),
        ([1, 2, 3], pa.decimal128(38, 10)),
        ([True, False, None], None),
        ([SECRET, "1", "2"], pa.dictionary(pa.int8(), pa.string())),
        ([None, None, None], None),
    )
)
"""Columns of three rows, of types that nobody expects."""


def value(chance: random.Random) -> str:
    """One of the values, each kind as often as the others."""
    return chance.choice(chance.choice((EMPTY, TEXTS, NUMBERS, DATES, TIMES)))
