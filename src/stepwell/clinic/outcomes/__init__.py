"""What came of it: of one person, of the caseload, of the programme, and for CMS ACCESS."""
