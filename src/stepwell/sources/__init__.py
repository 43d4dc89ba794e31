"""Sources: health records of others, opened, checked and read into stepwell's six record tables."""

from .coverage import Coverage, find_coverage
from .opening import open_source
from .source import Loss, Source
from .template import write_template

__all__ = ["Coverage", "Loss", "Source", "find_coverage", "open_source", "write_template"]
