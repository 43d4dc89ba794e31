"""Filters of the pages of outcomes."""
