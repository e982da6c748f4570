"""From text to tokens and back: tokenizers, choice of the next token, generation."""
