"""Record every hand-over as it happens."""
