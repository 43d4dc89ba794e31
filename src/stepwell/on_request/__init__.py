"""What is worked out of a result on request and kept in none: quality measures, and what lies around sessions."""
