"""Figures for a paper: images of a run pixel by pixel, bars with intervals, plots, and tables as PDF."""
