"""Architectures: what the keys, the tensors and the layers of a family of models are; one file for each."""
