"""Inpainting without learning: OpenCV's two, scikit-image's biharmonic, PatchMatch, and the mean as the floor."""
