"""What usually went wrong in a file that is no YAML, said without YAML's own words: which line, what stands there, what to
write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from ..errors import Problem

_FIELD = re.compile(r"^\s*(?:- +)*(?P<name>[A-Za-z_][\w-]*):(?P<gap>\s*)(?P<value>.*)$")
_QUOTE_IT = 'put the whole text between quotes: field: "text"'
_OWN_SIGNS = {
    "%": "a percent sign",
    "@": "an at sign",
    "`": "a backtick",
    "&": "an ampersand",
    "*": "an asterisk",
    "!": "an exclamation mark",
    ">": "the sign >",
    "|": "a bar",
    "-": "a dash",
    "?": "a question mark",
    ",": "a comma",
    "[": "a bracket",
    "{": "a brace",
    "]": "a bracket",
    "}": "a brace",
}


def odd_indentation(text: str, file: str) -> Iterator[Problem]:
    """Lines that do not begin with plain spaces: a tab or a space copied from a web page looks like one and is none."""
    for number, line in enumerate(text.split("\n"), 1):
        indentation = line[: len(line) - len(line.lstrip())]
        if not indentation.strip(" "):
            continue
        name = "a tab" if "\t" in indentation else "a space of another kind (from a web page or a word processor)"
        yield Problem(f"{file}:{number}", f"the line begins with {name}", "spaces", "write plain spaces in its place")


def not_yaml(text: str, error: yaml.YAMLError, file: str) -> Problem:
    """Why the file cannot be read, as far as its lines tell."""
    lines = text.split("\n")
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return _control_character(text, file)
    number = min(mark.line + 1, len(lines))
    context = getattr(error, "context_mark", None)
    began = min(context.line + 1, len(lines)) if context else number
    said = f"{getattr(error, 'problem', None) or ''} {getattr(error, 'context', None) or ''}"
    if "document" in said:
        return Problem(
            f"{file}:{number}", "a second document begins here", "one definition in a file", "delete the line `---`"
        )
    if "quoted scalar" in said:
        return _at(file, began, "a quote is opened here and never closed", "write the closing quote, or none at all")
    for line in dict.fromkeys((number, began, number - 1)):
        slip = _slip(lines[line - 1]) if 0 < line <= len(lines) else None
        if slip:
            return _at(file, line, *slip)
    if "flow" in said:
        return _at(file, began, "a bracket is opened here and never closed", "close it, or put the text in quotes")
    before = next((n for n in range(number - 1, 0, -1) if lines[n - 1].strip()), number)
    return Problem(
        f"{file}:{number}",
        f"cannot be read: this line does not fit below line {before}",
        "fields of one group begin in the same column; each is written `field: value`",
        "check indentation, colons and quotes on both lines",
    )


def _slip(line: str) -> tuple[str, str] | None:
    """What is wrong with one line, seen by itself, and what to do."""
    if line.startswith("```"):
        return "the line is a fence of a web page or a chat, no part of the file", "delete it"
    field = _FIELD.match(line)
    if field is None:
        words = line.strip().removeprefix("- ")
        if words and ":" not in words and words[0] not in "#[{]}\"'":
            return "the line has no colon", "write `field: value`, or join it to the line before"
        return None
    name, value = field["name"], re.sub(r"\s+#.*$", "", field["value"]).strip()
    if value and not field["gap"]:
        return f"no space after `{name}:`", f"write `{name}: {value}`"
    if value and value[0] in "\"'":
        if value.count(value[0]) > 1 and not value.endswith(value[0]):
            return "text goes on after the closing quote", _QUOTE_IT
        return None
    if value and value[0] in "[{":
        return None if value[-1] in "]}" and ": " in value else _unclosed(value)
    if ": " in value or value.endswith(":"):
        return "a second colon in the text, which YAML reads as a field of its own", _QUOTE_IT
    if value and value[0] in _OWN_SIGNS and not re.fullmatch(r"[>|][-+]?", value):
        return f"the text begins with {_OWN_SIGNS[value[0]]}, which YAML reads as a sign of its own", _QUOTE_IT
    return None


def _unclosed(value: str) -> tuple[str, str] | None:
    pairs = {"[": "]", "{": "}"}
    for opening, closing in pairs.items():
        if value.count(opening) != value.count(closing):
            return f"`{opening}` without its `{closing}`", f"write the `{closing}`, or put the text in quotes"
    return None if value[-1] in "]}" else ("text goes on after the closing bracket", _QUOTE_IT)


def _control_character(text: str, file: str) -> Problem:
    found = yaml.reader.Reader.NON_PRINTABLE.search(text)
    number = 1 + text[: found.start()].count("\n") if found else 1
    remedy = "remove it, and save the file as plain text in UTF-8 (not as a document of a word processor)"
    return _at(file, number, "holds a character that no text has", remedy)


def _at(file: str, number: int, found: str, remedy: str) -> Problem:
    return Problem(f"{file}:{number}", f"cannot be read: {found}", "", remedy)
