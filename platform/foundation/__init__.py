"""What explainers and metrics both stand on: registry, targets, forwards, seeds, provenance."""
