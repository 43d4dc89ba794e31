"""Sources: health records of others, opened, checked and read into stepwell's six record tables."""

from .opening import open_source
from .source import Loss, Source

__all__ = ["Loss", "Source", "open_source"]
