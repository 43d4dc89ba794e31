"""Treatment sessions: orders by protocol, planned visits, session sheets, signatures and addenda."""
