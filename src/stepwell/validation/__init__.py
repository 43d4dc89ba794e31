"""Scores the engine against simulated people whose truth is known."""
