"""Models on memory cards."""
