"""Mutated model files: each must be a message of one line or a correct run. ``python -m testing.fuzz --help``."""
