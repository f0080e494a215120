"""Mask-image pairs: the lists, their pixels, and where they are found."""
