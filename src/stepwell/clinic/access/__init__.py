"""Who may do what: roles, the one policy function, sign-in."""
