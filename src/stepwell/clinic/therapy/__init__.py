"""Therapy beside the doses: appointments, notes, goals and what is left of the illness."""
