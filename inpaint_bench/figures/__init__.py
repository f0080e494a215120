"""Figures for a paper, from a run: pictures at their own pixels with labels, and bars with intervals."""
