"""Runs: the folder, the outputs of methods in it, and shards made whole."""
