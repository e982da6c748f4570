"""What commands show and write: text, progress, files."""
