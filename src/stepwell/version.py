"""The version of stepwell, which results and pages name."""

__version__ = "0.1.0"
