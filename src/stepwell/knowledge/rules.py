"""What forms share: ways of building trials (settings) and of judging them (rules), each by a name that its values give it.

Two forms that ask the same share its name, wherever they cite it from, and so the work and the rows.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from .cited import Cited, without_provenance
from .definition import Branch, Definition, TrialBuilding, fields
from .staging import Staging

_PROVENANCE = {"source", "locator", "seen", "choice"}


def setting_id(how: TrialBuilding) -> str:
    """A short name for a way of building trials, the same for the same values wherever they were cited from."""
    values = {name: value.model_dump(exclude=_PROVENANCE) for name, value in how}
    if how.medication_evidence.is_ == "prescribed":
        del values[
            "medication_evidence"
        ]  # the names of settings that were there before this was a choice stay as they were
    return "t" + _digest(values)


@dataclass(frozen=True)
class Rule:
    """What one branch asks of a single trial: how it is built, which count, what failing is, on which day it counts.

    A program (`knows_unknown` is false) reads what is unknown as not met.
    """

    setting: str
    branch: Branch
    knows_unknown: bool

    @cached_property
    def id(self) -> str:
        """A short name, the same for every branch that asks the same of a trial."""
        return f"{self.sheet}-{_digest(sorted(self.columns.values()))}"

    @cached_property
    def sheet(self) -> str:
        """The trials that it judges: those of its setting, or, where it looks behind a trial, those with what is there."""
        asked = self.branch.trial
        if asked.recent is None and asked.diagnosed is None:
            return self.setting
        return f"{self.setting}_{self._asked(asked)}"

    @cached_property
    def columns(self) -> dict[str, str]:
        """The columns of the judged trials that hold what it asks, by the names that `judged_trial` has for them."""
        asked = {f"trial.{name}": field for name, field in fields(self.branch.trial)}
        asked |= {f"failure.{name}": field for name, field in fields(self.branch.failure)}
        if self.branch.added is not None:
            asked["added"] = self.branch.added
        columns = {path: f"{path} {self._asked(field)}" for path, field in asked.items()}
        return columns | {"counted_day": f"counted at {self.branch.dated.at}"}

    def _asked(self, field: Cited) -> str:
        return _digest([without_provenance(field.model_dump()), self.knows_unknown])


def rules_of(form: Definition | Staging) -> tuple[Rule, ...]:
    """The rules of a form's branches, in their order."""
    knows_unknown = isinstance(form, Staging) or form.as_code is None
    return tuple(Rule(setting_id(form.trials), branch, knows_unknown) for branch in form.branch)


def rule_id(staging: Staging) -> str:
    """A short name for a rule by which trials fail, the same for the same values wherever they were cited from."""
    return "f" + _digest([setting_id(staging.trials), without_provenance(staging.failed.model_dump())])


def _digest(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:10]
