"""Answers about suicide: whom they call, the inbox, what is read before a dose."""
