"""Treatments given in sessions (docs/engine.md, 11 to 13): esketamine, ketamine, electroconvulsive therapy, magnetic
stimulation."""
