"""Fetches the records of a live FHIR server into NDJSON files. See docs/fhir-server.md."""

from .job import Fetched, Request, fetch
from .keys import public_key_set
from .web import Clock

__all__ = ["Clock", "Fetched", "Request", "fetch", "public_key_set"]
