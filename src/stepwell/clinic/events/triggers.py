"""Append-only tables: triggers in the database refuse UPDATE and DELETE, whoever asks."""

from __future__ import annotations

from django.apps import apps
from django.db import connection, migrations

_SQLITE = """
CREATE TRIGGER {table}_no_{lower} BEFORE {what} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"""
_FUNCTION = """
CREATE OR REPLACE FUNCTION clinic_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"""
_POSTGRESQL = """
CREATE TRIGGER {table}_no_{lower} BEFORE {what} ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION clinic_append_only()"""
_WHATS = {"sqlite": ("UPDATE", "DELETE"), "postgresql": ("UPDATE", "DELETE", "TRUNCATE")}


def append_only(table: str) -> migrations.RunPython:
    """A migration's operation that makes a table append-only. SQLite drops triggers when a later migration rebuilds the table:
    such a migration repeats it."""

    def forwards(_apps, schema_editor):
        vendor = schema_editor.connection.vendor
        if vendor == "postgresql":
            schema_editor.execute(_FUNCTION.replace("%", "%%"), params=())
        for what in _WHATS[vendor]:
            words = {"table": table, "what": what, "lower": what.lower()}
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{what.lower()}" + _on(vendor, table))
            schema_editor.execute((_SQLITE if vendor == "sqlite" else _POSTGRESQL).format(**words))

    def backwards(_apps, schema_editor):
        vendor = schema_editor.connection.vendor
        for what in _WHATS[vendor]:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_no_{what.lower()}" + _on(vendor, table))

    return migrations.RunPython(forwards, backwards)


def _on(vendor: str, table: str) -> str:
    return f" ON {table}" if vendor == "postgresql" else ""


def unprotected() -> list[str]:
    """The append-only tables (models with `append_only = True`) whose triggers the database lacks."""
    tables = [m._meta.db_table for m in apps.get_models() if getattr(m, "append_only", False)]
    query = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {name for (name,) in cursor.fetchall()}
    whats = _WHATS[connection.vendor]
    return [table for table in tables if any(f"{table}_no_{what.lower()}" not in there for what in whats)]
