"""What patients are asked between and before sessions: when, by which message, what they answered, and who is stuck."""
