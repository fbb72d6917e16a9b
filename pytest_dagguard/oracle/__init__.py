"""What counts as the same state: noise, comparison and classification, as pure functions."""
