"""What goes wrong only where records are written as FHIR. Each knob draws for itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..forms import Noise, Share
from ..streams import Kind, Streams
from .arrow import text
from .noise import Chance
from .rows import Rows

_FIRST_SLOT = {"drug": 0, "condition": 16, "measurement": 32}
CODED, CONTAINED, REFERENCED, DISPLAYED = range(4)
"""How a resource says which drug it is about."""


class FhirNoise:
    """The draws for the rows of one table, and the rows with what was entered in error after the right one.

    `index` is the place of the right row for each row that is written; `is_error` says that it was entered in error.
    """

    def __init__(self, streams: Streams, noise: Noise, table: str, rows: Rows):
        self._chance, self._slot = Chance(streams, Kind.NOISE_FHIR, rows), _FIRST_SLOT[table]
        self._noise = noise
        errors = self._chance.happens(self._slot, noise.fhir_entered_in_error)
        self.index = np.repeat(np.arange(len(errors)), 1 + errors)
        self.is_error = np.zeros(len(self.index), dtype=bool)
        self.is_error[1:] = self.index[1:] == self.index[:-1]
        self.is_partial = self._happens(1, noise.fhir_partial_date)
        self.is_odd = self._happens(2, noise.fhir_odd_unit)

    def _happens(self, slot: int, share: Share) -> np.ndarray:
        return self._chance.happens(self._slot + slot, share)[self.index]

    def ids(self, numbers: np.ndarray) -> pa.Array:
        """`17` for the right row, `17-error` for what was entered in error."""
        return pc.binary_join_element_wise(text(numbers[self.index]), self.suffix(), "")

    def suffix(self) -> pa.Array:
        """What the id of a row entered in error ends with."""
        return pc.if_else(pa.array(self.is_error), "-error", "")

    def is_text_only(self) -> np.ndarray:
        """Where the instruction is words alone, without a quantity and a length of supply."""
        return self._happens(3, self._noise.fhir_text_sig)

    def is_answered(self) -> np.ndarray:
        """Where the answered questionnaire is sent beside the observation."""
        return self._happens(3, self._noise.fhir_response_too)

    def named(self) -> np.ndarray:
        """How each drug is named: CODED, CONTAINED, REFERENCED or DISPLAYED."""
        n = self._noise
        knobs: Sequence[Share] = (n.fhir_contained_drug, n.fhir_referenced_drug, n.fhir_display_only_drug)
        ways = np.full(len(self.index), CODED)
        for way, knob in zip((CONTAINED, REFERENCED, DISPLAYED), knobs, strict=True):
            ways[self._happens(3 + way, knob)] = way
        return ways


def as_known(moment: pa.Array, is_partial: np.ndarray) -> pa.Array:
    """A date or time, cut to its month where only that is known."""
    return pc.if_else(pa.array(is_partial), pc.utf8_slice_codeunits(moment, 0, 7), moment)
