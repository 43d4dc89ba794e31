"""The address of a database: read strictly, shown without a password.

An address that is not fully understood may hold a password anywhere, so it is never repeated: a message names its scheme at most.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

from stepwell.errors import Problem, QuestionError

SCHEMES = {"postgresql": "postgres", "postgres": "postgres", "spark": "spark"}
"""The schemes of addresses, with the engine of each."""

_HOST = r"(?:[\w.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?"
_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?:(?P<user>[\w.~%+-]*)(?P<password>:[^/?#\[\]\s]*)?@)?"
    rf"(?P<hosts>(?:{_HOST}(?:,{_HOST})*)?)(?P<database>(?:/[\w.~%+ $-]*)?)(?:\?(?P<options>[^#@;\s]*))?"
)
_NAME = re.compile(r"[^=;@:/?#&\x00-\x1f]*")
_EXAMPLES = {
    "postgres": "postgresql://user@host:5432/database?schema=cdm",
    "spark": "spark://host:7077/schema or spark:///schema",
}


@dataclass(frozen=True)
class Address:
    """The parts of an address. `options` are those of the database's client; `schema` and `vocabulary` are stepwell's."""

    scheme: str
    user: str
    password: str
    hosts: str
    database: str
    options: dict[str, str]
    schema: str
    vocabulary: str

    @property
    def engine(self) -> str:
        """The name of the engine that it belongs to."""
        return SCHEMES[self.scheme]

    @property
    def shown(self) -> str:
        """The address as it may be shown and kept: user, host, database and schema."""
        user = f"{self.user}@" if self.user else ""
        query = _query({"schema": self.schema, "vocabulary": self.vocabulary})
        return f"{self.scheme}://{user}{self.hosts}/{self.database}".removesuffix("/") + query

    @property
    def for_client(self) -> str:
        """The address as the database's client wants it, password and all."""
        credentials = f"{self.user}{self.password}@" if self.user or self.password else ""
        return f"{self.scheme}://{credentials}{self.hosts}/{self.database}{_query(self.options)}"


def read_address(location: str) -> Address | None:
    """The parts of an address; None for a path. Raises `QuestionError` for an address that is not fully understood."""
    scheme, separator, _ = location.partition("://")
    if not separator:
        return None
    engine = SCHEMES.get(scheme.lower())
    if engine is None:
        is_word = re.fullmatch(r"[A-Za-z][A-Za-z0-9+.:-]{0,30}", scheme)
        found = f"begins with {scheme}://" if is_word else "is an address of a kind that stepwell does not know"
        raise _unreadable(found, " or ".join(_EXAMPLES.values()), "write it so, or name a folder")
    parts = _ADDRESS.fullmatch(location)
    pairs = parse_qsl(parts["options"] or "", keep_blank_values=True) if parts else []
    options = dict(pairs)
    own = [options.pop(name, "") for name in ("schema", "vocabulary")]
    if parts is None or (parts["options"] and len(pairs) != parts["options"].count("&") + 1):
        remedy = (
            "write special characters of a password as %23 for #, %2F for /, %3F for ?, %5B for [, or leave the password out "
            "and set PGPASSWORD"
        )
        raise _unreadable(
            f"begins with {scheme}:// and goes on in a way that cannot be told", _EXAMPLES[engine], remedy
        )
    if not all(_NAME.fullmatch(name) for name in own):
        raise _unreadable("names a schema that is none", _EXAMPLES[engine], "look up the name of the schema")
    user, password, hosts = parts["user"] or "", parts["password"] or "", parts["hosts"]
    return Address(scheme.lower(), user, password, hosts, parts["database"].removeprefix("/"), options, *own)


def is_name_of_schema(text: str) -> bool:
    """Whether a text may be the name of a schema, and is neither an address nor a list of connection settings."""
    return _NAME.fullmatch(text) is not None


def _query(options: dict[str, str]) -> str:
    query = urlencode({name: value for name, value in options.items() if value}, quote_via=quote)
    return f"?{query}" if query else ""


def _unreadable(found: str, expected: str, remedy: str) -> QuestionError:
    return QuestionError(
        "The address of the database cannot be read.", [Problem("the address", found, expected, remedy)]
    )
