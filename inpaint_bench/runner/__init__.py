"""Runs: composites, scores and features on disk, and the joining of shards."""
