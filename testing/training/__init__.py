"""Boards with random lines, and the firmware that has to train each of them, or to refuse it."""
