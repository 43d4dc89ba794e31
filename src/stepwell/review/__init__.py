"""Chart review: draw a blinded, stratified sample of people for clinicians to read, then say how a definition does against them.

sample = draw_sample(result, "sforzini-2022", 50, seed=1)
write_review(result, sample, "review")
scored = score_review("review")
"""

from .folder import write_review
from .measures import MEASURES, Estimate
from .sample import QUESTION, STRATA, Sample, Stratum, draw_sample
from .score import Scored, score_review
from .table import write_scored

__all__ = [
    "MEASURES",
    "QUESTION",
    "STRATA",
    "Estimate",
    "Sample",
    "Scored",
    "Stratum",
    "draw_sample",
    "score_review",
    "write_review",
    "write_scored",
]
