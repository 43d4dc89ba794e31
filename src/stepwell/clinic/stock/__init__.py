"""Controlled drugs in the clinic: lots, what is on hand, and the ledger."""
