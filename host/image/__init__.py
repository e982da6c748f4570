"""The memory image: what lies where in DRAM, and how a GGUF tensor is packed for the dot engine."""
