"""Architectures: what the tensors and metadata of a family of models mean."""
