"""The REST interface to things: cases, models, runs."""
