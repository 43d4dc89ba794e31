"""The rules of docs/engine.md as loops over one person's rows. `person.py` is where to begin reading.

This room knows nothing of files, SQL, or where the rows came from. Arrow tables come in (`records.py`) and go out (`results.py`);
between them are NumPy records, whole numbers for days, and small whole numbers for verdicts and words.
"""

from stepwell.knowledge.definition import DEPRESSION

from .judging import holds_sessions, judge, judge_records
from .translation import Question, settings_of, step_setting_of, translate

__all__ = [
    "DEPRESSION",
    "Question",
    "holds_sessions",
    "judge",
    "judge_records",
    "settings_of",
    "step_setting_of",
    "translate",
]
