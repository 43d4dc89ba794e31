"""What went wrong on PostgreSQL, told by its codes: its words may quote a patient's value, and are in the server's language."""

from __future__ import annotations

import psycopg

from stepwell.errors import InternalError, Problem, QuestionError, SourceError, UnfinishedError

_GRANT = "ask the database's owner for the rights: SELECT on the tables, TEMPORARY on the database"
_GONE = ("the connection was lost", "a connection that lasts", "see that the server is running and reachable")
_UNFINISHED = {
    # class or code: found, expected, remedy
    "57014": (
        "a statement was stopped",
        "statements may run to their end",
        "raise statement_timeout for this user, or see who stopped it",
    ),
    "57": _GONE,
    "08": _GONE,
    "53100": ("the server's disk is full", "room for temporary tables", "make room there"),
    "53": ("the server has run out of memory, room or connections", "enough of them", "ask who looks after the server"),
    "58": ("the server cannot read or write its files", "a server in order", "ask who looks after the server"),
    "25P03": _GONE,
}


def in_our_words(error: psycopg.Error) -> QuestionError | SourceError | InternalError:
    """The error to raise instead, with the code of what happened and none of the server's words."""
    state = error.sqlstate
    name = f"{type(error).__name__}, code {state}" if state else type(error).__name__
    title = "PostgreSQL could not do the work."
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return QuestionError(
            title, [Problem("PostgreSQL", f"a right is missing ({name})", "the right to do it", _GRANT)]
        )
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        found, remedy = f"the session may not write ({name})", "do not work on a standby or in a read-only transaction"
        return QuestionError(title, [Problem("PostgreSQL", found, "temporary tables can be made", remedy)])
    known = next((_UNFINISHED[code] for code in (state, state[:2]) if code in _UNFINISHED), None) if state else None
    if known is None and isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        known = _GONE
    if known is not None:
        found, expected, remedy = known
        return UnfinishedError(title, [Problem("PostgreSQL", f"{found} ({name})", expected, remedy)])
    if state and state.startswith("22"):  # "data exception": a number, a date or a text that its type cannot hold
        found, remedy = (
            f"a value is none of its type ({name})",
            "look for numbers and dates that are none in the tables",
        )
        problem = Problem("PostgreSQL", found, "values that can be read as numbers, dates and text", remedy)
        return SourceError("These records cannot be read.", [problem])
    return InternalError("PostgreSQL did not accept what stepwell asked.", [Problem("PostgreSQL", name)])


def not_connected(error: psycopg.Error, where: str) -> QuestionError:
    """The error to raise when there is no connection. `where` is the address without a password."""
    attempt = error.pgconn
    if isinstance(error, psycopg.ProgrammingError):
        found = "the address has a part that PostgreSQL's client does not know"
        remedy = "write postgresql://user@host:5432/database?schema=cdm"
    elif attempt is not None and attempt.needs_password:
        found, remedy = "the server asks for a password", "set PGPASSWORD or write it into ~/.pgpass"
    elif attempt is not None and attempt.used_password:
        found, remedy = (
            "the server does not let this user in with this password",
            "see the user, the password, the database",
        )
    else:
        found = "no such server, or it does not let this user into this database"
        remedy = "see that the server is running and that host, port, user and database are right"
    problem = Problem(where, found, "a PostgreSQL database that can be reached", remedy)
    return QuestionError("There is no connection to PostgreSQL.", [problem])
