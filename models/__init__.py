"""The demo model: the text it learns from, its training and the GGUF file that training writes."""
