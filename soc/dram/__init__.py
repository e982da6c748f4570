"""DRAM: parts, controllers, and how they are brought up."""
