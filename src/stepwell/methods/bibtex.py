"""Sources as BibTeX, for LaTeX, Zotero and pandoc."""

from __future__ import annotations

import re
from collections.abc import Iterable

from stepwell.knowledge.forms import Reference
from stepwell.version import __version__

SOFTWARE = "stepwell"
"""The key of stepwell itself."""

_PLACE = re.compile(r"^(?P<journal>.+?) (?P<volume>\d+)(?:(?P<supplement> Suppl \d+))?(?::(?P<pages>[\w–-]+))?$")
_PERSON = re.compile(r"^(?P<last>.+) (?P<initials>[A-Z]{1,4})$")
_SPECIAL = {"\\": r"\textbackslash{}", **{sign: f"\\{sign}" for sign in "&%$#_{}"}}


def bibtex(references: Iterable[tuple[str, Reference]]) -> str:
    """The entries of these sources by their keys, and one of stepwell itself. What a source does not say is left out."""
    software = Reference(
        title=f"stepwell, version {__version__}: who has treatment-resistant depression, by which definition and why",
        authors="The stepwell developers",
    )
    entries = [*references, (SOFTWARE, software)]
    return "\n".join(_entry(key, reference) for key, reference in entries)


def _entry(key: str, reference: Reference) -> str:
    place = _PLACE.match(reference.published_in or "")
    where = {k: v for k, v in place.groupdict().items() if v} if place else {}
    supplement = where.pop("supplement", "")
    if supplement:
        where["number"] = supplement.strip()
    if not where and reference.published_in:
        where = {"journal" if reference.year else "howpublished": reference.published_in}
    fields = {
        "author": _authors(reference.authors) if reference.authors else None,
        # Double braces: capitals of a title stay as they are.
        "title": f"{{{_escaped(reference.title)}}}",
        **{name: _escaped(value) for name, value in where.items()},
        "year": str(reference.year) if reference.year else None,
        "doi": reference.doi,
        "url": reference.url,
        "note": _escaped(reference.note) if reference.note else None,
    }
    kind = "article" if "journal" in where else "misc"
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}"]) + "\n"


def _authors(text: str) -> str:
    """`Rush AJ, Trivedi MH, and others` as `Rush, AJ and Trivedi, MH and others`; a body of people in braces."""
    names = [name.strip().removeprefix("and ") for name in text.split(",")]
    people = [_PERSON.match(name) for name in names]
    if not all(person or name == "others" for person, name in zip(people, names, strict=True)):
        return f"{{{_escaped(text)}}}"
    return " and ".join(
        f"{_escaped(p['last'])}, {p['initials']}" if p else "others" for p, name in zip(people, names, strict=True)
    )


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in text)
