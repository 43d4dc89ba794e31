"""The day: the chair board of those who treat, and the office's list of who may come."""
