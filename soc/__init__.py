"""Around the accelerator: memory controllers, the host link and what else makes a system of it."""
