"""Counts, charts and the page: what a result looks like to a reader. Nothing here decides anything."""
