"""Scoring against known truth."""
