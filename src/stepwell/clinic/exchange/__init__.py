"""Backup, restore, export and the demo clinic."""
