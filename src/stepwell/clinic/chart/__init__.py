"""The person page: determinations, staging and candidacy."""
