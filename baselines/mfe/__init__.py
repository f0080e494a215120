"""Mutual Encoder-Decoder with Feature Equalizations (MFE, MEDFE)."""
