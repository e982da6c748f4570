"""Host side: GGUF in, tokenizer, packer, compiler, golden model, and the `celosia` command."""
