"""What is offered to whom: the levers of a simulated health service."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stepwell.errors import Problem, QuestionError

from .states import Treatment

NEVER = np.inf

POLICY = np.dtype(
    [
        ("n_offers", "i8"),
        ("treatment", "i8", (len(Treatment),)),
        ("after", "i8", (len(Treatment),)),
        ("uptake", "f8", (len(Treatment),)),
        ("wait", "f8", (len(Treatment),)),
        ("maintenance_days", "f8"),
        ("judge_after", "f8"),
        ("therapy", "i8"),
    ]
)


@dataclass(frozen=True)
class Offer:
    """One treatment, offered whenever a next step is decided on and `after` adequate trials of the episode have failed.

    `uptake` is the share (0 to 1) who accept, once for each episode; `wait_days` the mean of an exponential wait.
    """

    treatment: Treatment
    after: int
    uptake: float = 1.0
    wait_days: float = 0.0


@dataclass(frozen=True)
class Policy:
    """Offers are made in their order. `maintenance_days`: when maintenance is stopped in those who are well (None: never).

    `judge_after`: days after which a trial without effect is given up for the next step (None: as the parameters say).
    `therapy`: psychotherapy in the days after doses, to those whom a course of (es)ketamine helped; that it does anything
    is unproven.
    """

    offers: tuple[Offer, ...] = ()
    maintenance_days: float | None = None
    judge_after: float | None = None
    therapy: bool = False

    def __post_init__(self):
        problems = [problem for n, offer in enumerate(self.offers) for problem in _wrong(f"offers[{n}]", offer)]
        if len({offer.treatment for offer in self.offers}) < len(self.offers):
            problems.append(Problem("offers", "a treatment is offered twice", "each once", "delete one of the two"))
        for name in ("maintenance_days", "judge_after"):
            days = getattr(self, name)
            if days is not None and not 0 < days < NEVER:
                problems.append(Problem(name, f"is {days}", "more than 0 days, or None", "correct it"))
        if problems:
            raise QuestionError("The policy cannot be simulated", problems)

    def packed(self) -> np.ndarray:
        """The policy as the compiled walk reads it: one record."""
        packed = np.zeros(1, POLICY)
        packed["n_offers"] = len(self.offers)
        for n, offer in enumerate(self.offers):
            packed["treatment"][0, n], packed["after"][0, n] = offer.treatment, offer.after
            packed["uptake"][0, n], packed["wait"][0, n] = offer.uptake, offer.wait_days
        packed["maintenance_days"] = NEVER if self.maintenance_days is None else self.maintenance_days
        packed["judge_after"] = NEVER if self.judge_after is None else self.judge_after
        packed["therapy"] = self.therapy
        return packed


def _wrong(where: str, offer: Offer):
    if offer.treatment not in list(Treatment):
        known = ", ".join(t.name.lower() for t in Treatment)
        yield Problem(f"{where}.treatment", "is no treatment", f"one of {known}", "choose one of these")
    if not offer.after >= 1:
        yield Problem(f"{where}.after", f"is {offer.after}", "1 failed trial or more", "correct it")
    if not 0 <= offer.uptake <= 1:
        yield Problem(f"{where}.uptake", f"is {offer.uptake}", "a share between 0 and 1", "correct it")
    if not 0 <= offer.wait_days < NEVER:
        yield Problem(f"{where}.wait_days", f"is {offer.wait_days}", "0 days or more", "correct it")
