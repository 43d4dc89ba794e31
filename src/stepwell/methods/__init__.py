"""What a paper needs from a run: the table of choices, the attrition diagram, a methods section and its references."""

from .folder import write_methods

__all__ = ["write_methods"]
