"""A result in the browser of the machine that holds it: a search for people, and the pages of people, report and programme."""

from .server import Served, serve

__all__ = ["Served", "serve"]
