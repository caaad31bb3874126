"""Writers, one format per file."""
