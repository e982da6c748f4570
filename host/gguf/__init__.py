"""GGUF files: header, metadata, tensors, models; copies and other formats."""
