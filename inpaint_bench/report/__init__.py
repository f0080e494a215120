"""A run as a web page: a static folder that opens from disk and needs no network."""
