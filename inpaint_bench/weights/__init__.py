"""Weights of methods, from a file or synthetic; a method never falls back to random values."""

from inpaint_bench.weights.base import NO_WEIGHTS, SYNTHETIC, Weights, open_weights, synthetic_weights

__all__ = ["NO_WEIGHTS", "SYNTHETIC", "Weights", "open_weights", "synthetic_weights"]
