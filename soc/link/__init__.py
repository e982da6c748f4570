"""The host link: framed requests over any byte stream, carried out on DRAM and accelerator."""
