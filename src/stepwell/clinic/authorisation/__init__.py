"""Prior authorisations: packet, letters, status, calendar."""
