"""Masks: irregular holes drawn from a seed, and published mask files."""
