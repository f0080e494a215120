"""A run as a web page: one static folder, read from disk, that needs no network."""
