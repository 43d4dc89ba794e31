"""An OMOP CDM in the tables of Spark's catalogue."""

from __future__ import annotations

from ..errors import SourceError
from ..knowledge.forms import Knowledge
from .database import StoredColumn, find_home, homes_of_tables, open_table
from .omop import read_omop
from .source import Source


def open_catalogue(schema: str, con, knowledge: Knowledge, vocabulary: str = "") -> Source:
    """Opens and checks the CDM in a schema of Spark's catalogue (empty: the only one that holds a CDM), its vocabularies there
    or in `vocabulary`. `con` is a `SparkTables`."""
    engine = con.engine
    schemas = {name: {t.lower(): t for t in engine.tables_in(name)} for name in engine.schemas()}
    home = find_home(schemas, schema, "Spark's catalogue")
    tables, problems = {}, []
    for name, (where, own) in homes_of_tables(schemas, home, vocabulary, "Spark's catalogue").items():
        relation = engine.relation(where, own)
        columns = [StoredColumn(*column) for column in engine.columns(relation)]
        raw, found = open_table(con, name, f"{where}.{own}", relation, columns)
        problems += found
        if raw is not None:
            tables[name] = raw
    if problems:
        raise SourceError("This CDM cannot be read.", problems)
    return read_omop(tables, con, knowledge).named(home, home, "")
