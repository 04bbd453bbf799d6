"""From stored answers to a report: the long table, its figures, and the document in three forms."""
