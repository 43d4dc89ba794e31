"""What is worked out of a result on request and kept in none: quality measures, what lies around sessions, the first weeks."""
