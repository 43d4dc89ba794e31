"""Every result table is what it was declared to be."""

from random import Random

import pytest
from clinic import FORMS, KNOWLEDGE
from untidy import untidy_crowd

from stepwell.in_memory import determine_records
from stepwell.tables import DETERMINATION, EPISODE, EXPOSURE, JUDGED_TRIAL, STEP, TRIAL


@pytest.fixture(scope="module")
def found():
    return determine_records(untidy_crowd(Random("shape"), 200, KNOWLEDGE), FORMS, KNOWLEDGE)


@pytest.mark.parametrize("table", [EXPOSURE, EPISODE, TRIAL, JUDGED_TRIAL, DETERMINATION, STEP], ids=lambda t: t.name)
class TestShape:
    def test_columns_and_types(self, found, table):
        """The declared columns in the declared order, each of its declared type."""
        types = {f.name: f.type for f in found[table.name].schema}
        assert types == {f.name: f.type for f in table.schema.to_pyarrow()}
        assert list(types) == [c.name for c in table.columns]

    def test_key(self, found, table):
        """No two rows share a key, and the rows come in its order."""
        keys = [tuple(r[k] for k in table.key) for r in found[table.name].to_pylist()]
        assert keys == sorted(set(keys))

    def test_nulls_and_values(self, found, table):
        """A column is empty only where the declaration says what that means, and holds only the declared values."""
        for column in table.columns:
            values = set(found[table.name].column(column.name).to_pylist())
            assert column.null or None not in values, column.name
            assert not column.values or values - {None} <= set(column.values), column.name
