"""Helpers for tests of gateware: random stalls, models of memories, formal proofs, faulty links."""
