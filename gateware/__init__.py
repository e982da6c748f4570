"""Portable gateware: components that never touch a platform."""
