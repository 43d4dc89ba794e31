"""The history of a person in lines: intake, import and review."""
