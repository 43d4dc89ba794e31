"""Knowledge: every clinical number and drug, cited, in data files that each stage reads and none changes."""

from .forms import Knowledge
from .loader import load

__all__ = ["Knowledge", "load"]
