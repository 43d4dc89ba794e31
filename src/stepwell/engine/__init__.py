"""Records in, determinations out. Every stage is a pure expression: no file, no connection, no clock, no chance."""
