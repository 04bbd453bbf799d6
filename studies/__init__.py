"""People: protocol, readers, trials, responses, analyses, reports."""
