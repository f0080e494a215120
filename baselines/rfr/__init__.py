"""Recurrent Feature Reasoning (RFR), with the large (7x7) and the small (5x5) partial convolutions."""
