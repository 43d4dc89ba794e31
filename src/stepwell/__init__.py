"""stepwell: who has treatment-resistant depression, by which definition and why, line by line."""

__version__ = "0.1.0"
