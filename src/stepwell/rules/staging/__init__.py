"""How far resistance has gone in a person's last episode, by staging models (docs/engine.md, 9)."""
