"""How far the parameters can be trusted: which of them nobody here has read, and what they would be in another sample."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from stepwell.errors import KnowledgeError, Problem

from .chance import base_of, exp, log, normal, uniform
from .model import ModelParameters, impossible
from .quantities import STEPS, Factor, Kept, Mean, Quantity, Share, SharesByStep
from .streams import Kind

_OF_95_PCT = 2 * 1.959963984540054
"""The width of a 95 % interval in standard errors."""
_TRIES = 50


@dataclass(frozen=True)
class Unverified:
    """One number that stands on no source that was read: only recalled, or assumed with a reason."""

    path: str
    quantity: Quantity

    @property
    def how(self) -> str:
        """`recalled` or `assumed`."""
        return "assumed" if self.quantity.choice is not None else "recalled"


def unverified(parameters: ModelParameters) -> tuple[Unverified, ...]:
    """Every number in play that is only recalled or assumed, the recalled ones first."""
    found = [Unverified(path, q) for path, q in parameters.quantities() if q.seen in (None, "recalled")]
    return tuple(sorted(found, key=lambda u: u.how, reverse=True))


def vary(parameters: ModelParameters, seed: int, sample: int) -> ModelParameters:
    """The parameters as they might have been found in another sample of people; sample 0 is the parameters themselves.

    Shares with a number of people are drawn on the logit scale with their standard error, what has an interval on the log
    scale with a quarter of its width. A draw depends on seed, sample and the number's path only, so two policies that are
    compared under one sample have the same parameters. A draw that makes the whole impossible is drawn again.
    """
    if sample == 0:
        return parameters
    base = np.uint64(base_of(np.uint64(seed), sample))
    varied = [
        (f"{path}.{field}", zlib.crc32(f"{path}.{field}".encode()), draw)
        for path, quantity in parameters.quantities()
        for field, draw in _varied(quantity)
    ]
    for again in range(_TRIES):
        drawn = parameters.changed({path: draw(_Normals(base, number, again)) for path, number, draw in varied})
        if not any(True for _ in impossible(drawn)):
            return drawn
    found = f"in {_TRIES} draws none could be simulated"
    raise KnowledgeError("The parameters cannot be varied", [Problem("model.yaml", found, "", "narrow the intervals")])


class _Normals:
    """Standard normal draws, one after the other, for one number."""

    def __init__(self, base: int, number: int, again: int):
        self._key, self._slot = (base, int(Kind.PARAMETER), number), STEPS * again

    def __call__(self) -> float:
        slot, self._slot = self._slot, self._slot + 1
        return normal(uniform(*self._key, slot))


def _varied(q: Quantity):
    """The fields that vary, each with how it is drawn."""
    if isinstance(q, Share) and q.of is not None:
        yield "share", lambda z: _share(q.share, q.of, z())
    if isinstance(q, Share) and q.low is not None:
        yield "share", lambda z: min(_scaled(q.share, q.low, q.high, z()), 100.0)
    if isinstance(q, SharesByStep) and q.of is not None:
        yield "by_step", lambda z: tuple(_share(s, n, z()) for s, n in zip(q.by_step, q.of, strict=True))
    if isinstance(q, Kept) and q.of is not None:
        yield "share", lambda z: _curve(q, z())
    if isinstance(q, Factor) and q.low is not None:
        yield "ratio", lambda z: _scaled(q.ratio, q.low, q.high, z())
    if isinstance(q, Mean) and q.low is not None:
        yield "mean", lambda z: _scaled(q.mean, q.low, q.high, z())


def _curve(q: Kept, z: float) -> dict[float, float]:
    """The whole curve higher or lower."""
    return {time: _share(share, q.of, z) for time, share in q.share.items()}


def _share(pct: float, of: int, z: float) -> float:
    """The share z standard errors away on the logit scale; none and all stay what they are."""
    p = pct / 100
    if p <= 0 or p >= 1:
        return pct
    logit = log(p / (1 - p)) + z / np.sqrt(of * p * (1 - p))
    return float(100 / (1 + exp(-logit)))


def _scaled(middle: float, low: float, high: float, z: float) -> float:
    return float(middle * exp(z * log(high / low) / _OF_95_PCT))
