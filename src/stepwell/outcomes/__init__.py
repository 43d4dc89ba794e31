"""What came of sessions, for a page that has a frame of its own: one person's series in statements, and the programme page in
parts. Every verdict is the engine's; nothing is decided here."""

from .programme import Measured, measured_quality, programme_parts
from .story import person_story

__all__ = ["Measured", "measured_quality", "person_story", "programme_parts"]
