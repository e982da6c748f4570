"""From a model to a memory map and a program."""
