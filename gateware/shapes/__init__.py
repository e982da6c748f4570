"""Parameters of the parts of an accelerator, each validated on its own."""
