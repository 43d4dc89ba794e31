"""A definition of one's own: a form to fill in (`new`), people written down to try it on (`people`), and their verdicts held
against what was expected (`trying`)."""

from .new import people_file, write_new
from .people import WrittenPerson, as_records, read_people
from .trying import Tried, try_people

__all__ = ["Tried", "WrittenPerson", "as_records", "people_file", "read_people", "try_people", "write_new"]
