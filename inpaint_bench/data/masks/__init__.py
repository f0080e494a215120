"""Masks: irregular holes drawn from a seed, and mask files as others publish them."""
